/** The composition root: the whole backend, from a definition to a listening server, can be read here. */
import type { AddressInfo } from "node:net"
import { addAccountsDoor } from "./accounts/accounts-door.ts"
import { createPeople } from "./accounts/people.ts"
import { issuerOf } from "./accounts/provider.ts"
import { addProviderDoor } from "./accounts/provider-door.ts"
import type { LogEntry } from "./actions/action-log.ts"
import { checkActions } from "./actions/check-actions.ts"
import { describeActions } from "./actions/describe-actions.ts"
import { createRunAction } from "./actions/run-action.ts"
import { createAuthenticate, identifyByClaims } from "./auth/authenticate.ts"
import { createTokenVerifier, type JwtIssuer } from "./auth/jwt.ts"
import { refuseOwnTokens } from "./auth/own-tokens.ts"
import { createSessionCallers } from "./auth/session-callers.ts"
import type { BackendDefinition } from "./backend.ts"
import type { UndercroftError } from "./base/errors.ts"
import { createEngine } from "./engine/engine.ts"
import { asRenewed, withSessions } from "./engine/renewed-caller.ts"
import { addGraphqlDoor } from "./graphql/graphql-door.ts"
import { defaultGraphqlLimits } from "./graphql/limits.ts"
import { createHttpServer } from "./http/server.ts"
import { buildModel } from "./model/build.ts"
import { ProblemList } from "./model/model-error.ts"
import { addOpenApiDoor } from "./openapi/openapi-door.ts"
import { buildPolicies, type Policies } from "./policy/policies.ts"
import { defaultQueryLimits } from "./query/limits.ts"
import { defaultGrammarLimits } from "./rest/parse-query.ts"
import { addRestDoor } from "./rest/rest-door.ts"
import { addRpcDoor } from "./rest/rpc-door.ts"
import { openAccounts } from "./store/accounts-database.ts"
import { prepareDatabase } from "./store/database.ts"
import { startEmbedded } from "./store/embedded.ts"
import { openPool } from "./store/pool.ts"
import { seedDatabase } from "./store/seed.ts"
import { openTransactions } from "./store/transactions.ts"

export interface AppOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Where the embedded PostgreSQL keeps its data, when there is no `databaseUrl`. */
  readonly directory: string
  readonly databaseUrl?: string | undefined
  /** Signs cookies and encrypts what accounts must read again; with `accounts` it is required. */
  readonly secret?: string | undefined
  /** Issuers beside those of the definition: the development key. */
  readonly issuers?: readonly JwtIssuer[]
  /** Origins beside those of the definition. */
  readonly allowsOrigin?: (origin: string) => boolean
  /** `Prefer: tx=rollback` is heeded, also where the definition does not say so. */
  readonly allowsRollback?: boolean
  /** Rows are put into a new database. */
  readonly seed?: boolean
  /** For tests: an embedded PostgreSQL that leaves nothing behind. */
  readonly ephemeral?: boolean
  readonly onProgress?: (step: string) => void
  readonly onError?: (error: UndercroftError) => void
  /** What actions write to the log. */
  readonly onLog?: (entry: LogEntry) => void
}

/** A running backend. */
export interface App {
  /** `http://127.0.0.1:4000` */
  readonly url: string
  readonly policies: Policies
  readonly adminUrl: string
  stop(): Promise<void>
}

/** The rules of a definition, checked. Throws `ModelError` with every problem. */
export function buildBackend(definition: BackendDefinition): Policies {
  const problems = new ProblemList()
  const model = buildModel(definition.model, problems)
  return buildPolicies(model, problems, checkActions(definition.actions ?? {}, model, problems))
}

/** Starts a backend: database, engine, doors. Throws `UndercroftError` that says what to do. */
export async function startApp(definition: BackendDefinition, options: AppOptions): Promise<App> {
  const progress = options.onProgress ?? (() => undefined)
  const policies = buildBackend(definition)
  const limits = {
    ...defaultQueryLimits,
    ...defaultGrammarLimits,
    ...defaultGraphqlLimits,
    bodyBytes: 2_000_000,
    statementTimeoutMs: 5000,
    actionTimeoutMs: 10_000,
    ...definition.limits,
  }

  // Store: PostgreSQL, embedded or given, and the schema in it.
  const embedded = options.databaseUrl
    ? null
    : await startEmbedded({
        directory: options.directory,
        ephemeral: options.ephemeral ?? false,
        onProgress: progress,
        onEnd: options.onError ?? (() => undefined),
      })
  const adminUrl = options.databaseUrl ?? embedded!.url
  try {
    progress("Comparing the schema with the model")
    const people = definition.accounts
      ? createPeople({
          name: definition.name,
          settings: definition.accounts,
          secret: options.secret ?? "",
          origins: definition.origins ?? [],
        })
      : null
    const database = await prepareDatabase(adminUrl, policies, { accounts: people?.compileTables })
    for (const change of database.changes.slice(0, database.isNew ? 0 : 50)) progress(`schema: ${change}`)
    if (database.isUnseeded && options.seed && definition.seed) {
      const count = await seedDatabase(
        { adminUrl, model: policies.model, roles: database.roles, plan: database.plan },
        definition.seed(),
        (rows) => progress(`data: ${rows} rows`),
      )
      progress(`data: ${count} rows, done`)
    }
    const pool = openPool({ url: database.apiUrl, statementTimeoutMs: limits.statementTimeoutMs })

    // Engine: the one pipeline that every door goes through.
    const engine = withSessions(createEngine({ policies, pool, constraints: database.constraints, limits }))

    // Actions: business logic, each call of it one transaction under its caller.
    const actions = definition.actions ?? {}
    const transactions = openTransactions({
      url: database.apiUrl,
      statementTimeoutMs: limits.statementTimeoutMs,
    })
    const runPlainAction = createRunAction({
      actions,
      policies,
      constraints: database.constraints,
      engine,
      transactions,
      timeoutMs: limits.actionTimeoutMs,
      log: options.onLog ?? (() => undefined),
    })
    const runAction: typeof runPlainAction = (call) =>
      asRenewed(call.caller, (caller) => runPlainAction({ ...call, caller }))
    const toldActions = describeActions(actions)

    // Accounts: people who sign in here; of a session the database says in each flight whose it is.
    const accounts = people ? openAccounts(database.accountsUrl) : null
    const findSession = createSessionCallers(async (hash) => {
      const statement = {
        name: "undercroft_session",
        text: "select undercroft.session_claims($1)",
        values: [hash],
      }
      return (await pool.send({ ...statement, caller: null }))?.[0] ?? null
    })

    const allowsOrigin = (origin: string): boolean =>
      (definition.origins ?? []).includes(origin) || (options.allowsOrigin?.(origin) ?? false)

    // Callers: sessions, and bearer tokens of the definition's issuers.
    const verify = createTokenVerifier([...(definition.callers?.issuers ?? []), ...(options.issuers ?? [])])
    const provider = definition.accounts?.provider
    const authenticate = createAuthenticate({
      verify: people && provider ? refuseOwnTokens(verify, () => issuerOf(people.url)) : verify,
      identify: definition.callers?.identify ?? identifyByClaims,
      key: database.processKey,
      sessions: people
        ? {
            find: findSession,
            cookie: {
              name: people.cookie,
              trusts: (origin) => allowsOrigin(origin) || origin === new URL(people.url).origin,
            },
          }
        : undefined,
    })

    // Doors.
    const server = createHttpServer({
      bodyBytes: limits.bodyBytes,
      allowsOrigin,
      isReady: engine.isReady,
      onError: options.onError ?? (() => undefined),
    })
    addRestDoor(server, {
      engine,
      limits,
      allowsRollback: definition.allowsRollback ?? options.allowsRollback ?? false,
      authenticate,
    })
    addGraphqlDoor(server, {
      model: policies.model,
      engine,
      limits,
      introspection: definition.graphql?.introspection ?? process.env["NODE_ENV"] !== "production",
      authenticate,
    })
    addRpcDoor(server, {
      run: runAction,
      actions: toldActions,
      authenticate,
    })
    if (people) addAccountsDoor(server, people)
    if (people && provider) addProviderDoor(server, { name: definition.name, provider, people })
    addOpenApiDoor(server, {
      name: definition.name,
      actions: toldActions,
      policies,
      engine,
      authenticate,
    })
    await server.listen({ host: options.host, port: options.port })
    const { port } = server.server.address() as AddressInfo
    const url = `http://${options.host.includes(":") ? `[${options.host}]` : options.host}:${port}`
    if (people && accounts) people.open(accounts, url)

    return {
      url,
      policies,
      adminUrl,
      async stop() {
        await server.close()
        await transactions.close()
        await pool.close()
        await accounts?.close()
        await embedded?.stop()
      },
    }
  } catch (cause) {
    await embedded?.stop()
    throw cause
  }
}
