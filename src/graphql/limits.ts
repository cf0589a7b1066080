/** How much one GraphQL document may ask for, whatever the rows. */

/** Each has a setting of the same name in the backend's definition. */
export interface GraphqlLimits {
  /** Words and signs of a document. */
  readonly graphqlTokens: number
  /** Fields within fields. */
  readonly graphqlDepth: number
  /** Fields of a document, with each fragment counted where it is used. */
  readonly graphqlFields: number
  /** Fields of the largest answer: those of a list count for each of its rows. */
  readonly graphqlCost: number
  /** Conditions of all filters. */
  readonly graphqlConditions: number
  /** Root fields that are collections or writes: each is a statement. */
  readonly graphqlStatements: number
  /** Rows of a page of which no size is asked. */
  readonly graphqlPage: number
}

export const defaultGraphqlLimits: GraphqlLimits = {
  graphqlTokens: 10_000,
  graphqlDepth: 40,
  graphqlFields: 1_000,
  graphqlCost: 1_000_000,
  graphqlConditions: 200,
  graphqlStatements: 20,
  graphqlPage: 30,
}
