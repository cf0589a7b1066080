/** The GraphQL schema as SDL, of what all callers together could know, or one of them. */
import { type GraphQLSchema, printSchema } from "graphql"
import { describeActions } from "../actions/describe-actions.ts"
import { UndercroftError } from "../base/errors.ts"
import { createEngine } from "../engine/engine.ts"
import { type Knowledge, wholeKnowledge } from "../engine/knowledge.ts"
import { createActionFields } from "../graphql/action-fields.ts"
import { defaultGraphqlLimits, type GraphqlLimits } from "../graphql/limits.ts"
import { createNames } from "../graphql/names.ts"
import { createSchema } from "../graphql/schema.ts"
import type { Policies } from "../policy/policies.ts"
import { defaultQueryLimits, type QueryLimits } from "../query/limits.ts"
import { openPool } from "../store/pool.ts"
import { type CallerOptions, readCaller } from "./caller-option.ts"
import type { Project } from "./project.ts"
import { openProjectDatabase } from "./project-database.ts"

const statementTimeoutMs = 5000

/** With the project's settings. */
export function projectLimits({ definition }: Project): GraphqlLimits & QueryLimits {
  return { ...defaultQueryLimits, ...defaultGraphqlLimits, ...definition.limits }
}

export function projectSchema(project: Project, policies: Policies, known: Knowledge): GraphQLSchema {
  const { graphqlPage, rows } = projectLimits(project)
  const { model } = policies
  const actions = createActionFields(model, describeActions(project.definition.actions ?? {}).values())
  const page = Math.min(graphqlPage, rows)
  return createSchema({ model, names: createNames(model), known, page, actions })
}

/** Throws UC906; with a caller UC909 and UC910, too: facts about callers are the database's. */
export async function schemaText(
  project: Project,
  policies: Policies,
  options: CallerOptions,
): Promise<string> {
  const known =
    options.as === undefined ? wholeKnowledge(policies) : await knowledgeOfCaller(project, policies, options)
  return `${printSchema(projectSchema(project, policies, known))}\n`
}

async function knowledgeOfCaller(
  project: Project,
  policies: Policies,
  options: CallerOptions,
): Promise<Knowledge> {
  const database = await openProjectDatabase(project, policies)
  try {
    if (!database.isCurrent) throw new UndercroftError("UC910")
    const { caller } = readCaller(project.definition, options, database.processKey, "graphql")
    const pool = openPool({ url: database.apiUrl, statementTimeoutMs })
    try {
      const limits = projectLimits(project)
      return await createEngine({ policies, pool, constraints: new Map(), limits }).knows(caller)
    } finally {
      await pool.close()
    }
  } finally {
    await database.close()
  }
}
