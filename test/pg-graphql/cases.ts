/** What pg_graphql's documents and its published tests say of such questions, asked of the library. */

export interface ConventionCase {
  readonly what: string
  readonly document: string
  /** What pg_graphql would answer; null where it refuses. */
  readonly data: Readonly<Record<string, unknown>> | null
}

/** Books by a filter, told by their numbers. */
function filtered(what: string, filter: string, ...numbers: readonly number[]): ConventionCase {
  return collection(what, `filter: {${filter}}`, ...numbers)
}

function collection(what: string, args: string, ...numbers: readonly number[]): ConventionCase {
  const document = `{ bookCollection(${args}) { edges { node { number } } } }`
  return {
    what,
    document,
    data: { bookCollection: { edges: numbers.map((number) => ({ node: { number } })) } },
  }
}

function refused(what: string, document: string): ConventionCase {
  return { what, document, data: null }
}

const filters: readonly ConventionCase[] = [
  filtered("eq", 'title: {eq: "Rivers"}', 2),
  filtered("neq", "pages: {neq: 80}", 1, 3),
  filtered("gt and lte of one field hold together", "pages: {gt: 80, lte: 120}", 1),
  filtered("gte and lt, of dates", 'printed: {gte: "1990-05-01", lt: "2010-10-10"}', 1, 2),
  filtered("in", "number: {in: [1, 4, 9]}", 1, 4),
  filtered("in of nothing is no row", "number: {in: []}"),
  filtered("is NULL", "subtitle: {is: NULL}", 1, 3),
  filtered("is NOT_NULL", "subtitle: {is: NOT_NULL}", 2, 4),
  filtered("startsWith tells case", 'title: {startsWith: "M"}', 1, 4),
  filtered("startsWith has no wildcards", 'subtitle: {startsWith: "small_"}', 4),
  filtered("like", 'title: {like: "%os%"}', 3, 4),
  filtered("ilike", 'title: {ilike: "R%"}', 2, 3),
  filtered("regex", 'title: {regex: "^[A-Z].*s$"}', 1, 2, 4),
  filtered("iregex", 'title: {iregex: "^r"}', 2, 3),
  filtered("of booleans", "isLent: {eq: true}", 4),
  filtered("contains of lists", 'tags: {contains: ["old"]}', 1, 3),
  filtered("containedBy of lists", 'tags: {containedBy: ["water", "world"]}', 2, 4),
  filtered("overlaps of lists", 'tags: {overlaps: ["garden", "water"]}', 2, 3),
  filtered("lists as wholes", 'tags: {eq: ["world", "old"]}', 1),
  filtered("fields side by side hold together", 'pages: {eq: 80}, title: {like: "M%"}', 4),
  filtered("and", "and: [{pages: {gte: 100}}, {number: {lt: 3}}]", 1),
  filtered("or", 'or: [{number: {eq: 1}}, {title: {eq: "roses"}}]', 1, 3),
  filtered("not", "not: {pages: {eq: 80}}", 1, 3),
  filtered("nested", "or: [{number: {eq: 1}}, {and: [{pages: {eq: 80}, not: {isLent: {eq: true}}}]}]", 1, 2),
  filtered("an empty filter is all rows", "", 1, 2, 3, 4),
  filtered("an empty and is as if it were not there", "and: []", 1, 2, 3, 4),
  filtered("an empty or is as if it were not there", "or: []", 1, 2, 3, 4),
  filtered("an or of an empty filter is all rows", "or: [{}]", 1, 2, 3, 4),
  filtered(
    "an empty filter beside another in or is as if it were not there",
    "or: [{}, {number: {eq: 2}}]",
    2,
  ),
  filtered("not of an empty filter is as if it were not there", "not: {or: [{}]}", 1, 2, 3, 4),
  {
    what: "a variable that is left out is as if its operator were not there",
    document: "query ($title: String) { bookCollection(filter: {title: {eq: $title}}) { totalCount } }",
    data: { bookCollection: { totalCount: 4 } },
  },
  refused(
    "an operator that a kind does not have",
    '{ bookCollection(filter: {pages: {regex: "1"}}) { totalCount } }',
  ),
  refused("a value of another kind", '{ bookCollection(filter: {pages: {eq: "many"}}) { totalCount } }'),
]

const pages: readonly ConventionCase[] = [
  collection("AscNullsFirst", "orderBy: [{printed: AscNullsFirst}]", 3, 1, 2, 4),
  collection("AscNullsLast", "orderBy: [{printed: AscNullsLast}]", 1, 2, 4, 3),
  collection("DescNullsFirst", "orderBy: [{printed: DescNullsFirst}]", 3, 4, 2, 1),
  collection("DescNullsLast", "orderBy: [{printed: DescNullsLast}]", 4, 2, 1, 3),
  collection("several orders, and the key after them", "orderBy: [{pages: AscNullsLast}]", 2, 4, 1, 3),
  collection(
    "one order after the other",
    "orderBy: [{pages: DescNullsLast}, {title: DescNullsLast}]",
    3,
    1,
    2,
    4,
  ),
  collection("first", "first: 2", 1, 2),
  collection("first of none", "first: 0"),
  collection("last", "last: 2", 3, 4),
  collection("offset", "first: 2, offset: 1", 2, 3),
  collection("a null cursor is the beginning", "first: 1, after: null", 1),
  refused("a size below zero", "{ bookCollection(first: -1) { totalCount } }"),
  refused("first and last", "{ bookCollection(first: 1, last: 1) { totalCount } }"),
  refused(
    "an order's direction that there is not",
    "{ bookCollection(orderBy: [{title: Asc}]) { totalCount } }",
  ),
  {
    what: "page facts of the first page, and a count of all",
    document: "{ bookCollection(first: 3) { totalCount pageInfo { hasNextPage hasPreviousPage } } }",
    data: { bookCollection: { totalCount: 4, pageInfo: { hasNextPage: true, hasPreviousPage: false } } },
  },
  {
    what: "page facts of an empty page",
    document:
      "{ bookCollection(filter: {number: {eq: 9}}) { edges { cursor } pageInfo { startCursor endCursor hasNextPage hasPreviousPage } } }",
    data: {
      bookCollection: {
        edges: [],
        pageInfo: { startCursor: null, endCursor: null, hasNextPage: false, hasPreviousPage: false },
      },
    },
  },
]

const aggregates: readonly ConventionCase[] = [
  {
    what: "aggregates are of all rows, whatever the page",
    document:
      "{ bookCollection(first: 1) { edges { node { number } } aggregate { count min { pages title } max { pages title } } } }",
    data: {
      bookCollection: {
        edges: [{ node: { number: 1 } }],
        aggregate: { count: 4, min: { pages: 80, title: "Maps" }, max: { pages: 200, title: "roses" } },
      },
    },
  },
  {
    what: "sums and averages",
    document: "{ bookCollection(filter: {pages: {gt: 80}}) { aggregate { sum { pages } avg { pages } } } }",
    data: { bookCollection: { aggregate: { sum: { pages: 320 }, avg: { pages: 160 } } } },
  },
  {
    what: "aggregates of no rows are null, and the count is 0",
    document:
      "{ bookCollection(filter: {pages: {gt: 999}}) { aggregate { count sum { pages } min { title } } } }",
    data: { bookCollection: { aggregate: { count: 0, sum: { pages: null }, min: { title: null } } } },
  },
  {
    what: "aggregates of related rows",
    document:
      "{ shelfCollection(orderBy: [{number: AscNullsLast}]) { edges { node { label books { aggregate { count max { pages } } } } } } }",
    data: {
      shelfCollection: {
        edges: [
          { node: { label: "Atlas", books: { aggregate: { count: 2, max: { pages: 120 } } } } },
          { node: { label: "Botany", books: { aggregate: { count: 2, max: { pages: 200 } } } } },
          { node: { label: "Cinema", books: { aggregate: { count: 0, max: { pages: null } } } } },
        ],
      },
    },
  },
]

const writes: readonly ConventionCase[] = [
  {
    what: "insert gives what was written, with what is related",
    document:
      'mutation { insertIntoBookCollection(objects: [{number: 5, shelfId: 3, title: "Films", pages: 10}, {number: 6, shelfId: 3, title: "Reels", pages: 20}]) { affectedCount records { number isLent shelf { label } } } }',
    data: {
      insertIntoBookCollection: {
        affectedCount: 2,
        records: [5, 6].map((number) => ({ number, isLent: false, shelf: { label: "Cinema" } })),
      },
    },
  },
  refused("insert of no objects", "mutation { insertIntoBookCollection(objects: []) { affectedCount } }"),
  refused(
    "insert without what is required",
    "mutation { insertIntoBookCollection(objects: [{number: 7}]) { affectedCount } }",
  ),
  {
    what: "update under an alias, of one row unless atMost says more",
    document:
      'mutation { one: updateBookCollection(set: {title: "Film"}, filter: {number: {eq: 5}}) { affectedCount records { title } } }',
    data: { one: { affectedCount: 1, records: [{ title: "Film" }] } },
  },
  {
    what: "update to null",
    document:
      "mutation { updateBookCollection(set: {subtitle: null}, filter: {number: {eq: 5}}) { records { subtitle } } }",
    data: { updateBookCollection: { records: [{ subtitle: null }] } },
  },
  {
    what: "update of no row gives an empty list",
    document:
      "mutation { updateBookCollection(set: {pages: 1}, filter: {number: {eq: 99}}) { affectedCount records { number } } }",
    data: { updateBookCollection: { affectedCount: 0, records: [] } },
  },
  refused(
    "update of more than atMost",
    "mutation { updateBookCollection(set: {pages: 1}, filter: {number: {gte: 5}}, atMost: 1) { affectedCount } }",
  ),
  refused(
    "update with atMost 0",
    "mutation { updateBookCollection(set: {pages: 1}, filter: {number: {eq: 5}}, atMost: 0) { affectedCount } }",
  ),
  refused(
    "update without set",
    "mutation { updateBookCollection(filter: {number: {eq: 5}}) { affectedCount } }",
  ),
  refused(
    "update of nothing",
    "mutation { updateBookCollection(set: {}, filter: {number: {eq: 5}}) { affectedCount } }",
  ),
  refused(
    "delete of more than atMost",
    "mutation { deleteFromBookCollection(filter: {number: {gte: 5}}) { affectedCount } }",
  ),
  {
    what: "delete gives what was deleted",
    document:
      "mutation { deleteFromBookCollection(filter: {number: {gte: 5}}, atMost: 2) { affectedCount records { number title } } }",
    data: {
      deleteFromBookCollection: {
        affectedCount: 2,
        records: [
          { number: 5, title: "Film" },
          { number: 6, title: "Reels" },
        ],
      },
    },
  },
  {
    what: "mutations one after the other, each seeing the one before",
    document:
      'mutation { insertIntoShelfCollection(objects: [{number: 4, label: "Dance"}]) { affectedCount } updateShelfCollection(set: {label: "Drama"}, filter: {label: {eq: "Dance"}}) { records { label } } deleteFromShelfCollection(filter: {number: {eq: 4}}) { records { label } } }',
    data: {
      insertIntoShelfCollection: { affectedCount: 1 },
      updateShelfCollection: { records: [{ label: "Drama" }] },
      deleteFromShelfCollection: { records: [{ label: "Drama" }] },
    },
  },
]

const rows: readonly ConventionCase[] = [
  {
    what: "decimals are strings, and what is related is read both ways",
    document:
      "{ bookCollection(first: 1) { edges { node { price shelfId shelf { label books { totalCount } } tags printed } } } }",
    data: {
      bookCollection: {
        edges: [
          {
            node: {
              price: "10.50",
              shelfId: 1,
              shelf: { label: "Atlas", books: { totalCount: 2 } },
              tags: ["world", "old"],
              printed: "1990-05-01",
            },
          },
        ],
      },
    },
  },
  {
    what: "type names, aliases, fragments and conditions",
    document:
      "{ b: bookCollection(first: 1) { __typename edges { __typename node { ...B n: number title @skip(if: true) } } } } fragment B on Book { __typename pages @include(if: true) }",
    data: {
      b: {
        __typename: "BookConnection",
        edges: [{ __typename: "BookEdge", node: { __typename: "Book", pages: 120, n: 1 } }],
      },
    },
  },
  {
    what: "a node that there is not",
    document: `{ node(nodeId: "${btoa('["Book", "99"]')}") { nodeId } }`,
    data: { node: null },
  },
  refused("a nodeId that is none", '{ node(nodeId: "%%") { nodeId } }'),
  {
    what: "a row by its nodeId, in a filter",
    document: `{ bookCollection(filter: {nodeId: {eq: "${btoa('["Book", "2"]')}"}}) { edges { node { number } } } }`,
    data: { bookCollection: { edges: [{ node: { number: 2 } }] } },
  },
]

/** In this order: what is written is deleted again. */
export const cases: readonly ConventionCase[] = [...filters, ...pages, ...aggregates, ...rows, ...writes]
