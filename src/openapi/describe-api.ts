/** The whole API as an OpenAPI 3.1 document, made from the model and its rules for one who knows so much of it. */
import { createHash } from "node:crypto"
import { type Knowledge, knowledgeOf } from "../engine/knowledge.ts"
import type { EntityInfo } from "../model/model.ts"
import { accessGround } from "../policy/access-matrix.ts"
import type { Policies } from "../policy/policies.ts"
import { pluralOf } from "../policy/sentence-words.ts"
import { actionPath, actionsTag, type DescribedAction } from "./action-paths.ts"
import { type ApiDocument, componentOf, type Parameter, type PathItem } from "./document.ts"
import { type EntityParts, entityPath, filterName, ownParameterName } from "./entity-paths.ts"
import { entitySchemas } from "./entity-schemas.ts"
import { ownPaths, serverTag } from "./own-paths.ts"
import { filterParameter, shapeParameters, sharedParameters } from "./parameters.ts"
import { privacyPaths } from "./privacy-paths.ts"
import { recordPaths } from "./record-paths.ts"
import { errorResponses, errorSchema, sharedHeaders } from "./responses.ts"
import { needsToken, securitySchemes, type ToldAccounts, withSchemes } from "./security.ts"

/** Pure: the same model, rules and knowledge give the same document. */
export function describeApi(
  name: string,
  policies: Policies,
  known: Knowledge,
  actions: ReadonlyMap<string, DescribedAction> = new Map(),
  accounts: ToldAccounts | null = null,
  isWitness: boolean = false,
): ApiDocument {
  const open = knowledgeOf(policies, { id: null, roles: [], claims: {} }, new Set())
  const parts = policies.model.entities
    .filter((entity) =>
      (["read", "create", "update", "delete"] as const).some((verb) => known.may(entity, verb)),
    )
    .map(
      (entity): EntityParts => ({
        entity,
        fields: entity.fields.filter((field) => !known.hidden.has(field)),
        schemas: entitySchemas(policies, entity, known),
        policies,
        known,
        open,
      }),
    )
  const called = [...actions.values()].filter((one) => known.mayCall(one.name))
  const paths: Readonly<Record<string, PathItem>> = {
    ...Object.fromEntries(parts.map((part) => [`/rest/${part.entity.collection}`, entityPath(part)])),
    ...Object.fromEntries(called.map((one) => [`/rest/rpc/${one.name}`, actionPath(one, open)])),
    ...recordPaths(policies, known, isWitness),
    ...privacyPaths(policies, known),
    ...ownPaths,
  }
  const components = withoutUnused(
    {
      schemas: { ...Object.fromEntries(parts.flatMap(schemaEntries)), Error: errorSchema },
      parameters: {
        ...sharedParameters,
        ...Object.fromEntries(parts.flatMap(parameterEntries)),
      },
      responses: errorResponses,
      headers: sharedHeaders,
    },
    paths,
  )
  const schemes = securitySchemes(accounts)
  return {
    openapi: "3.1.0",
    jsonSchemaDialect: "https://json-schema.org/draft/2020-12/schema",
    info: {
      title: name,
      version: createHash("sha256").update(JSON.stringify({ paths, components })).digest("hex").slice(0, 12),
      summary: `The API of ${name}`,
      description: `${accessGround.join(" ")} Fields and operations that could never be the caller's are not in this document. The version is that of the document's content.`,
    },
    servers: [{ url: "/", description: "Where this document is from." }],
    security: withSchemes([{}, ...needsToken], schemes),
    tags: [
      ...parts.map(({ entity }) => tagOf(entity)),
      ...(called.length === 0 ? [] : [{ name: actionsTag, description: "What the backend does by name." }]),
      { name: serverTag, description: "The server itself." },
    ],
    paths: Object.fromEntries(
      Object.entries(paths).map(([path, item]) => [path, withSecurity(item, schemes)]),
    ),
    components: { ...components, securitySchemes: schemes },
  }
}

function withSecurity(item: PathItem, schemes: Readonly<Record<string, unknown>>): PathItem {
  return Object.fromEntries(
    Object.entries(item).map(([method, one]) => [
      method,
      one.security ? { ...one, security: withSchemes(one.security, schemes) } : one,
    ]),
  )
}

function tagOf(entity: EntityInfo): { name: string; description: string } {
  const { collection, description, view } = entity
  return {
    name: collection,
    description: description ?? (view ? `A view of ${pluralOf(view.from)}.` : `All ${pluralOf(entity)}.`),
  }
}

function schemaEntries({ entity, schemas }: EntityParts): readonly (readonly [string, unknown])[] {
  return Object.entries({ Row: schemas.row, Insert: schemas.insert, Update: schemas.update }).flatMap(
    ([form, schema]) => (schema === null ? [] : [[`${entity.name}${form}`, schema] as const]),
  )
}

function parameterEntries({ entity, fields, known }: EntityParts): readonly (readonly [string, Parameter])[] {
  return [
    ...shapeParameters(entity, fields, known).map((one) => [ownParameterName(entity, one), one] as const),
    ...fields.map((field) => [filterName(field), filterParameter(field)] as const),
  ]
}

type Components = Readonly<
  Record<"schemas" | "parameters" | "responses" | "headers", Readonly<Record<string, unknown>>>
>

/** Leaves out what nothing refers to, such as filters where nothing can be read. */
function withoutUnused(components: Components, paths: Readonly<Record<string, PathItem>>): Components {
  const used = new Set<string>()
  const visit = (part: unknown): void => {
    if (typeof part !== "object" || part === null) return
    const { $ref } = part as { readonly $ref?: unknown }
    if (typeof $ref === "string" && !used.has($ref)) {
      used.add($ref)
      const [, , kind, name] = $ref.split("/") as [string, string, keyof Components, string]
      visit(components[kind]?.[name])
    }
    for (const one of Object.values(part)) visit(one)
  }
  visit(paths)
  const kept = (kind: keyof Components): Readonly<Record<string, unknown>> =>
    Object.fromEntries(
      Object.entries(components[kind]).filter(([name]) => used.has(componentOf(kind, name).$ref)),
    )
  return {
    schemas: kept("schemas"),
    parameters: kept("parameters"),
    responses: kept("responses"),
    headers: kept("headers"),
  }
}
