/** What a team's `backend.ts` says: the model, who may call, and the data to start with. */
import type { AccountSettings } from "./accounts/settings.ts"
import type { AnyAction } from "./actions/action.ts"
import type { Hook } from "./actions/hook.ts"
import type { AlertSettings } from "./audit/alert.ts"
import type { AuditSettings } from "./audit/audit-settings.ts"
import type { JwtIssuer } from "./auth/jwt.ts"
import type { GraphqlLimits } from "./graphql/limits.ts"
import type { DocumentSource } from "./graphql/registered-documents.ts"
import type { Dataset } from "./model/dataset.ts"
import type { AnyEntity } from "./model/entity.ts"
import type { RecordReaders } from "./model/record-entities.ts"
import type { ProcessingRecord } from "./processing.ts"
import type { QueryLimits } from "./query/limits.ts"
import type { GrammarLimits } from "./rest/parse-query.ts"

/** Rows to start with, by entity name; keys are the model's field names, values are JSON values. */
export type SeedRows = Iterable<readonly [entity: string, row: Readonly<Record<string, unknown>>]>

/** Who calls, as rules see it. `claims` holds what `claim(…)` facts read. */
export interface CallerIdentity {
  readonly id: string
  readonly roles?: readonly string[]
  readonly claims?: Readonly<Record<string, unknown>>
}

/** A caller made ready for trying the backend out in development. */
export interface ReadyCaller {
  readonly name: string
  readonly description: string
  /** The claims of the token that is made for them. */
  readonly claims: Readonly<Record<string, unknown>>
  /** Where the backend has accounts, theirs: made in a development server's new database, with a password of its own. */
  readonly account?: {
    readonly email: string
    readonly name: string
    readonly secondFactor?: boolean
  }
}

/** A request worth trying, shown as a curl command when a development server has started. */
export interface TryOut {
  /** What it shows, in a few words. */
  readonly what: string
  /** The name of a ready caller; left out: anonymous. */
  readonly caller?: string
  /** Such as `/rest/patients?select=name&limit=3`. */
  readonly path: string
  /** GET, or POST where there is a body, unless given. */
  readonly method?: string
  /** Sent as JSON. */
  readonly body?: unknown
}

/** Every limit; the defaults stand in `src/query/limits.ts`, `src/rest/parse-query.ts`, `src/graphql/limits.ts` and `src/app.ts`. */
export interface BackendLimits extends QueryLimits, GrammarLimits, GraphqlLimits {
  /** Bytes of a request's body. */
  readonly bodyBytes: number
  readonly statementTimeoutMs: number
  /** How long an action may take, several in one GraphQL document, or a write that a hook is shown, with all that is run again. */
  readonly actionTimeoutMs: number
}

/** Actions by their names. */
export type Actions = Readonly<Record<string, AnyAction>>

/** A whole backend. `Model` is the list of its entities: from it and from the actions clients infer their types. */
export interface BackendDefinition<
  Model extends readonly AnyEntity[] = readonly AnyEntity[],
  Named extends Actions = Actions,
> {
  readonly name: string
  readonly model: Model
  /** Business logic by name, at `/rest/rpc/<name>` and as a field of GraphQL. */
  readonly actions?: Named
  /** People who sign in here, at `/auth`; each way in is a line. */
  readonly accounts?: AccountSettings
  /** What comes before every write of an entity; one an entity. */
  readonly hooks?: readonly Hook[]
  readonly callers?: {
    /** Whose bearer tokens are accepted; in development the server's own development key is, too. */
    readonly issuers?: readonly JwtIssuer[]
    /** From the verified claims to the caller; by default `sub` and `roles`. */
    readonly identify?: (claims: Readonly<Record<string, unknown>>) => CallerIdentity
    /** Callers to try out, with tokens printed at the start of a development server. */
    readonly ready?: readonly ReadyCaller[]
  }
  /** Origins whose pages may read answers, such as `https://app.example.org`; in development those of this machine may, too. */
  readonly origins?: readonly string[]
  /** Addresses and networks (`10.0.0.0/8`) of proxies in front of the backend, whose X-Forwarded-For is believed; by default nobody's. */
  readonly trustedProxies?: readonly string[]
  /** The purposes of use that requests may state in `X-Purpose`, such as `treatment`; left out: any. */
  readonly purposes?: readonly string[]
  /** Whether callers may have a write undone after it was answered (`Prefer: tx=rollback`); in development they may. */
  readonly allowsRollback?: boolean
  readonly graphql?: {
    /** Whether callers may ask for the schema that they know; by default not in production. */
    readonly introspection?: boolean
    /**
     * Documents that requests may name by `documentId`: the file that `undercroft graphql persist` writes,
     * `new URL("graphql.documents.json", import.meta.url)`, or what stands in it.
     */
    readonly documents?: DocumentSource
    /** Nothing but registered documents is answered, introspection included. */
    readonly only?: "persisted"
  }
  /** Who processes personal data and what for: `undercroft evidence` makes the record of processing activities of it. */
  readonly processing?: ProcessingRecord
  /** How much one request may ask for; what is left out has its default. */
  readonly limits?: Partial<BackendLimits>
  /**
   * The record: who reads it, where its heads go, whose heads are witnessed here, how long entries are kept, and what raises an
   * alert.
   */
  readonly audit?: RecordReaders &
    AuditSettings & {
      /** Rules over the record, each of which has a default; `false` asks none. */
      readonly alerts?: AlertSettings | false
      /** People read who saw and changed their own data, at `/rest/accesses-to-me`; see {@link accessToMeEntity}. */
      readonly accessesToMe?: boolean
    }
  readonly privacy?: {
    /** The role of privacy officers, whom the restriction of a person does not keep out; left out: nobody has it. */
    readonly officer?: string
    /** The file outside of the database and its backups that says who was erased; UNDERCROFT_ERASURE_LEDGER comes first. */
    readonly ledger?: string | URL
  }
  /** Pseudonymised, k-anonymous datasets for analysis, by name: `undercroft privacy dataset <name>` writes one. */
  readonly datasets?: Readonly<Record<string, Dataset>>
  /** Rows for an empty database in development. */
  readonly seed?: () => SeedRows
  /** Requests to try out, shown at the start of a development server. */
  readonly tryOut?: readonly TryOut[]
}

/**
 * Declares a backend. Its type knows the model: `createClient<typeof backend>` of `undercroft/client`.
 *
 * @example
 * defineBackend({ name: "notes", model: [] })
 */
export function defineBackend<
  const Model extends readonly AnyEntity[],
  const Named extends Actions = Readonly<Record<never, never>>,
>(definition: BackendDefinition<Model, Named>): BackendDefinition<Model, Named> {
  return definition
}
