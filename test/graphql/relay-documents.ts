/** What a Relay application asks of the film studio: fragments that page and refetch, and mutations that tend its store. */

/** Sources as `relay-compiler` reads them, by file name. */
export const relaySources: Readonly<Record<string, string>> = {
  "FilmCard.ts": `graphql\`
    fragment FilmCard_film on Film @refetchable(queryName: "FilmCardRefetchQuery") {
      title
      released
      director { fullName }
      actors(first: 3) { edges { node { name person { first } } } }
    }\``,
  "FilmList.ts": `graphql\`
    fragment FilmList_studio on Studio
    @argumentDefinitions(
      count: { type: "Int", defaultValue: 1 }
      cursor: { type: "Cursor" }
      order: { type: "[FilmOrderBy!]", defaultValue: [{ title: AscNullsLast }] }
    )
    @refetchable(queryName: "FilmListPageQuery") {
      name
      films(first: $count, after: $cursor, orderBy: $order) @connection(key: "FilmList_films") {
        totalCount
        edges { node { ...FilmCard_film } }
      }
    }\``,
  "FilmPage.ts": `graphql\`
    query FilmPageQuery($code: String!) {
      studioCollection(filter: { code: { eq: $code } }, first: 1) { edges { node { ...FilmList_studio } } }
      ...FilmPage_all
    }\`
  graphql\`
    fragment FilmPage_all on Query
    @argumentDefinitions(last: { type: "Int", defaultValue: 1 }, before: { type: "Cursor" })
    @refetchable(queryName: "FilmPageBackwardsQuery") {
      filmCollection(last: $last, before: $before, orderBy: [{ title: AscNullsLast }])
        @connection(key: "FilmPage_filmCollection") {
        edges { node { ...FilmCard_film } }
      }
    }\`
  graphql\`
    query FilmPageNodeQuery($nodeId: ID!) {
      node(nodeId: $nodeId) { __typename ...FilmCard_film @alias ... on Studio { code } }
    }\`
  graphql\`
    mutation FilmPageCreateMutation($films: [FilmInsertInput!]!, $connections: [ID!]!) {
      insertIntoFilmCollection(objects: $films) {
        affectedCount
        records @prependNode(connections: $connections, edgeTypeName: "FilmEdge") { ...FilmCard_film }
      }
    }\`
  graphql\`
    mutation FilmPageRenameMutation($id: UUID!, $title: String!) {
      updateFilmCollection(set: { title: $title }, filter: { id: { eq: $id } }, atMost: 1) { records { title } }
    }\`
  graphql\`
    mutation FilmPageDeleteMutation($id: UUID!) {
      deleteFromFilmCollection(filter: { id: { eq: $id } }, atMost: 1) {
        affectedCount
        records { nodeId @deleteRecord }
      }
    }\``,
}

/** A row is known by its `nodeId`, everywhere; the texts go into a manifest. */
export const relayConfig: Readonly<Record<string, unknown>> = {
  src: "./src",
  schema: "./schema.graphql",
  language: "typescript",
  artifactDirectory: "./made",
  persistConfig: { file: "./manifest.json", algorithm: "SHA256" },
  schemaConfig: { nodeInterfaceIdField: "nodeId", nodeInterfaceIdVariableName: "nodeId" },
}
