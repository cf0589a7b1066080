/** The composition root: the whole backend, from a definition to a listening server, can be read here. */
import type { AddressInfo } from "node:net"
import { addAccountsDoor } from "./accounts/accounts-door.ts"
import { keyPrefix } from "./accounts/api-keys.ts"
import { readAddressBehind } from "./accounts/client-address.ts"
import { countUnknownKeys } from "./accounts/count-unknown-keys.ts"
import { type MailSettings, openPost, type Post, withMail } from "./accounts/mail.ts"
import { addMailDoor } from "./accounts/mail-door.ts"
import { mailTexts } from "./accounts/mail-texts.ts"
import { ownOrigins } from "./accounts/own-origins.ts"
import { addPasswordDoor } from "./accounts/password-door.ts"
import { createPeople } from "./accounts/people.ts"
import { issuerOf } from "./accounts/provider.ts"
import { addProviderDoor } from "./accounts/provider-door.ts"
import { signInWays } from "./accounts/provider-ways.ts"
import { pruneEvents } from "./accounts/prune-events.ts"
import { currentRequest } from "./accounts/request-context.ts"
import { needsTwoFactors } from "./accounts/settings.ts"
import { createApprovals } from "./actions/approvals.ts"
import { describeActions } from "./actions/describe-actions.ts"
import { createPrepareAction } from "./actions/run-action.ts"
import { createHooks } from "./actions/run-hooks.ts"
import type { AppOptions } from "./app-options.ts"
import { mailChannel } from "./audit/alert-mail.ts"
import { checkAuditSettings, remoteAnchors } from "./audit/audit-settings.ts"
import type { Courier } from "./audit/courier.ts"
import { addExportDoor } from "./audit/export-door.ts"
import type { Feeder } from "./audit/feed.ts"
import { prepareRecord } from "./audit/keep-record.ts"
import type { Sealer } from "./audit/sealer.ts"
import type { VerifySchedule } from "./audit/verify-schedule.ts"
import { createWitness } from "./audit/witness.ts"
import { addWitnessDoor } from "./audit/witness-door.ts"
import { createAuthenticate, identifyByClaims } from "./auth/authenticate.ts"
import { createTokenVerifier } from "./auth/jwt.ts"
import { refuseOwnTokens } from "./auth/own-tokens.ts"
import { createSessionCallers } from "./auth/session-callers.ts"
import type { BackendDefinition } from "./backend.ts"
import { UndercroftError } from "./base/errors.ts"
import { buildBackend } from "./build-backend.ts"
import { createEngine } from "./engine/engine.ts"
import { recordEntry } from "./engine/record-entry.ts"
import { createRefusals } from "./engine/refusals.ts"
import { withSessions } from "./engine/renewed-caller.ts"
import { createStepUp } from "./engine/step-up.ts"
import { createTransact } from "./engine/transact.ts"
import { withActionRecord } from "./engine/with-action-record.ts"
import { withEmptyWrites } from "./engine/with-empty-writes.ts"
import { withApprovalRefusals, withCallerRefusals, withRefusals } from "./engine/with-refusals.ts"
import { addGraphqlDoor } from "./graphql/graphql-door.ts"
import { defaultGraphqlLimits } from "./graphql/limits.ts"
import { loadDocuments } from "./graphql/registered-documents.ts"
import { createHttpServer } from "./http/server.ts"
import { FieldCiphers } from "./keys/field-ciphers.ts"
import type { KeyRing } from "./keys/key-ring.ts"
import { encryptedFields } from "./model/encryption.ts"
import { addOpenApiDoor } from "./openapi/openapi-door.ts"
import type { Policies } from "./policy/policies.ts"
import { reapplyLedger } from "./privacy/erase.ts"
import { ExportFetcher } from "./privacy/fetch-export.ts"
import { scheduleOverrideNotices } from "./privacy/override-notices.ts"
import { addPrivacyDoor } from "./privacy/privacy-door.ts"
import { scheduleRequests } from "./privacy/request-schedule.ts"
import { scheduleRetention } from "./privacy/retention-schedule.ts"
import { defaultQueryLimits } from "./query/limits.ts"
import { addApprovalsDoor } from "./rest/approvals-door.ts"
import { defaultGrammarLimits } from "./rest/parse-query.ts"
import { addRestDoor } from "./rest/rest-door.ts"
import { addRpcDoor } from "./rest/rpc-door.ts"
import { openAccounts } from "./store/accounts-database.ts"
import { openAudit } from "./store/audit-database.ts"
import { checkServerLog } from "./store/check-log.ts"
import { prepareDatabase } from "./store/database.ts"
import { startEmbedded } from "./store/embedded.ts"
import { openKeys, toldOfKeys } from "./store/open-keys.ts"
import { openPool } from "./store/pool.ts"
import { seedDatabase } from "./store/seed.ts"
import { openTransactions } from "./store/transactions.ts"

/** A running backend. */
export interface App {
  /** `http://127.0.0.1:4000` */
  readonly url: string
  readonly policies: Policies
  readonly adminUrl: string
  /** Seals the record, where that was asked for. */
  readonly sealer: Sealer | null
  /** Brings heads to anchors across a network, where there are any. */
  readonly courier: Courier | null
  /** Hands entries on to other systems, where there are any. */
  readonly feeder: Feeder | null
  /** The keys of persons; null where the model encrypts nothing. */
  readonly keys: KeyRing | null
  /** Verifies it once a day, where it is sealed and alerts are not switched off. */
  readonly verification: VerifySchedule | null
  stop(): Promise<void>
}

/** Starts a backend: database, engine, doors. Throws `UndercroftError` that says what to do. */
export async function startApp(definition: BackendDefinition, options: AppOptions): Promise<App> {
  const progress = options.onProgress ?? (() => undefined)
  const policies = buildBackend(definition)
  const documents = loadDocuments(definition.graphql?.documents)
  checkAuditSettings(definition.audit)
  const remotes = options.audit ? remoteAnchors(definition.audit) : []
  const limits = {
    ...defaultQueryLimits,
    ...defaultGrammarLimits,
    ...defaultGraphqlLimits,
    bodyBytes: 2_000_000,
    statementTimeoutMs: 5000,
    actionTimeoutMs: 10_000,
    ...definition.limits,
  }

  const readAddress = readAddressBehind(definition.trustedProxies ?? [])

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
          settings: withMail(definition.accounts, options.mail),
          secret: options.secret ?? "",
          origins: definition.origins ?? [],
          keepsMail: options.keepsMail ?? false,
          tell: options.onError ?? (() => undefined),
        })
      : null
    const database = await prepareDatabase(adminUrl, policies, { accounts: people ?? undefined })
    for (const change of database.changes.slice(0, database.isNew ? 0 : 50)) progress(`schema: ${change}`)

    // A server that is not ours has a log of its own.
    const logged = options.databaseUrl ? await checkServerLog(database.apiUrl) : null
    if (logged) options.onError?.(logged)

    // Keys: one for each person, in a store of their own; PostgreSQL sees none of them.
    const encrypts = policies.model.entities.some((one) => encryptedFields(one).length > 0)
    if (encrypts && !options.keys) throw new UndercroftError("UC545")
    const keys = encrypts && options.keys ? await openKeys(adminUrl, options.keys, policies.model) : null
    const ciphers = keys && new FieldCiphers(keys, policies.model)
    const lost = keys && toldOfKeys(keys)
    if (lost) options.onError?.(lost)

    if (database.isUnseeded && options.seed && definition.seed) {
      const count = await seedDatabase(
        { adminUrl, model: policies.model, roles: database.roles, plan: database.plan, ciphers },
        definition.seed(),
        (rows) => progress(`data: ${rows} rows`),
      )
      progress(`data: ${count} rows, done`)
    }
    // Erasure: whom a restored backup brought back is erased again, before anybody can ask.
    if (options.erasures) {
      const again = await reapplyLedger({ adminUrl, model: policies.model, ciphers, ...options.erasures })
      if (again > 0) progress(`data: ${again} erased again`)
    }
    const pool = openPool({
      url: database.apiUrl,
      statementTimeoutMs: limits.statementTimeoutMs,
      key: database.processKey,
    })

    const transactions = openTransactions({
      url: database.apiUrl,
      statementTimeoutMs: limits.statementTimeoutMs,
      key: database.processKey,
      recordsReads: policies.model.entities.some((one) => one.audit.reads),
    })
    const transact = createTransact({ transactions, timeoutMs: limits.actionTimeoutMs, keeper: ciphers })

    // Hooks: shown each row before it is written, whichever door or action writes it.
    const hooks = createHooks({
      hooks: definition.hooks ?? [],
      policies,
      constraints: database.constraints,
      transactions,
      timeoutMs: limits.actionTimeoutMs,
      writtenRows: limits.writtenRows,
      key: database.processKey,
      ciphers,
      log: options.onLog ?? (() => undefined),
    })

    // Engine: the one pipeline that every door goes through.
    const stepUp = createStepUp(policies)
    const recording = { pool, key: database.processKey }
    const plainEngine = withSessions(
      withEmptyWrites(
        createEngine({ policies, pool, constraints: database.constraints, limits, hooks, ciphers }),
        policies.model,
        recording,
      ),
      stepUp,
    )

    // What is refused goes on record, too, whichever check refuses it.
    const refusals = createRefusals({
      pool,
      key: database.processKey,
      tell: options.onError ?? (() => undefined),
    })
    const engine = withRefusals(plainEngine, policies.model, refusals)

    // Actions: business logic, a step of a transaction under its caller.
    const actions = definition.actions ?? {}
    const approvals = createApprovals({
      actions,
      pool,
      processKey: database.processKey,
      secret: options.secret,
    })
    const toldActions = describeActions(actions)
    const prepareAction = withActionRecord(
      createPrepareAction({
        actions,
        policies,
        constraints: database.constraints,
        engine,
        connect: hooks.connect,
        processKey: database.processKey,
        ciphers,
        stepUp,
        approvals,
        log: options.onLog ?? (() => undefined),
      }),
      { actions: toldActions, refusals, key: database.processKey },
    )

    // Accounts: people who sign in here; of a session the database says in each flight whose it is.
    const accounts = people ? openAccounts(database.accountsUrl, currentRequest) : null
    const pruning = accounts ? pruneEvents(accounts, options.onError ?? (() => undefined)) : null
    const findSession = createSessionCallers(
      async (hash) => {
        const statement = {
          name: "undercroft_session",
          text: "select undercroft.session_claims($1)",
          values: [hash],
        }
        return (await pool.send({ ...statement, caller: null }))?.[0] ?? null
      },
      needsTwoFactors(definition.accounts ?? {}),
    )

    const allowsOrigin = (origin: string): boolean =>
      (definition.origins ?? []).includes(origin) || (options.allowsOrigin?.(origin) ?? false)

    // Retention: what is past its time goes, by one of the processes.
    const retention = scheduleRetention({
      adminUrl,
      model: policies.model,
      onError: options.onError ?? (() => undefined),
    })

    // Mail: one post for accounts, emergency overrides and alerts.
    const post = people?.post ?? openAlertPost(definition, options)

    // Privacy requests: what people were granted is done, by one of the processes.
    const requests = scheduleRequests({
      erasing: {
        adminUrl,
        model: policies.model,
        ciphers,
        ...(options.erasures ?? { ledger: null, sign: null }),
      },
      recipients: definition.processing?.recipients ?? [],
      onError: options.onError ?? (() => undefined),
    })

    // Emergency overrides: whoever is to know is told by mail.
    const texts = mailTexts(definition.name)
    const overrides = scheduleOverrideNotices({
      adminUrl,
      model: policies.model,
      tell:
        post &&
        (({ to, ...opened }) => {
          for (const one of to) post.send(() => texts.override(one, opened))
        }),
      onError: options.onError ?? (() => undefined),
    })

    // Callers: sessions, and bearer tokens of the definition's issuers.
    const verify = createTokenVerifier([...(definition.callers?.issuers ?? []), ...(options.issuers ?? [])])
    const provider = definition.accounts?.provider
    const authenticate = withCallerRefusals(
      createAuthenticate({
        verify: people && provider ? refuseOwnTokens(verify, () => issuerOf(people.url)) : verify,
        identify: definition.callers?.identify ?? identifyByClaims,
        key: database.processKey,
        sessions: people
          ? {
              find: findSession,
              isKey: (token) => token.startsWith(keyPrefix),
              cookie: {
                name: people.cookie,
                trusts: (origin) => allowsOrigin(origin) || ownOrigins(people.url).includes(origin),
              },
              onUnknown: accounts
                ? countUnknownKeys({ database: accounts, secret: options.secret ?? "", readAddress })
                : undefined,
            }
          : undefined,
      }),
      refusals,
    )

    // The record: sealed in the background, its heads handed to anchors; alerts are rules over it.
    const { mail = [] } = definition.audit?.alerts || {}
    const startRecord =
      options.audit &&
      prepareRecord({
        product: definition.name,
        options: options.audit,
        settings: definition.audit ?? {},
        remotes,
        channels:
          post && mail.length > 0 ? [mailChannel(definition.name, mail, (one) => post.send(() => one))] : [],
        adminUrl,
        auditUrl: database.auditUrl,
        tell: options.onError ?? (() => undefined),
      })

    // Doors.
    const server = createHttpServer({
      bodyBytes: limits.bodyBytes,
      allowsOrigin,
      isReady: engine.isReady,
      readAddress,
      purposes: definition.purposes,
      onBroken: refusals.noteConnection,
      onError: options.onError ?? (() => undefined),
    })
    addRestDoor(server, {
      engine,
      limits,
      allowsRollback: definition.allowsRollback ?? options.allowsRollback ?? false,
      authenticate,
    })
    addGraphqlDoor(server, {
      name: definition.name,
      model: policies.model,
      actions: toldActions,
      engine,
      prepareAction,
      transact,
      limits,
      introspection: definition.graphql?.introspection ?? options.introspects ?? false,
      documents,
      isOnlyRegistered: definition.graphql?.only !== undefined,
      refuse: (error, request) => refusals.note(error, { ...request, verb: "document", isDenied: true }),
      authenticate,
    })
    addRpcDoor(server, {
      actions: toldActions,
      prepareAction,
      transact,
      authenticate,
    })
    if (approvals)
      addApprovalsDoor(server, { approvals: withApprovalRefusals(approvals, refusals), authenticate })
    if (people)
      addAccountsDoor(server, {
        people,
        authenticate,
        readAddress,
        refuse: (error, caller) => refusals.note(error, { caller }),
        noteAnswer: refusals.noteAnswer,
      })
    if (people?.post) addPasswordDoor(server, people)
    if (post?.kept) addMailDoor(server, post.kept)
    if (people && provider) {
      const ways = signInWays(definition.accounts ?? {}, people.post !== null)
      addProviderDoor(server, { name: definition.name, provider, people, ways })
    }
    const auditEntity = policies.model.entities.find((one) => one.record === "entries")
    if (auditEntity)
      addExportDoor(server, {
        name: definition.name,
        entity: auditEntity,
        engine,
        authenticate,
        refuse: (error, caller) => refusals.note(error, { caller, entity: auditEntity, verb: "export" }),
        record: (caller, entry) => recordEntry(recording, caller, entry),
      })
    const registers = policies.model.entities.flatMap((one) => one.request ?? [])
    if (registers.length > 0)
      addPrivacyDoor(server, {
        registers,
        exports: new ExportFetcher({
          adminUrl,
          name: definition.name,
          model: policies.model,
          ciphers,
          processing: definition.processing ?? null,
        }),
        adminUrl,
        engine,
        authenticate,
        record: (caller, entry) => recordEntry({ pool, key: database.processKey }, caller, entry),
      })
    // A witness of other records, where the definition declares one.
    const cosigning = definition.audit?.witness && options.audit?.witness
    const witnessed = cosigning ? openAudit(database.auditUrl) : null
    if (definition.audit?.witness && cosigning && witnessed) {
      const { witness: settings } = definition.audit
      addWitnessDoor(server, createWitness({ database: witnessed, signing: cosigning, settings }))
    }
    addOpenApiDoor(server, {
      name: definition.name,
      actions: toldActions,
      accounts: people,
      isWitness: witnessed !== null,
      policies,
      engine,
      authenticate,
    })
    await server.listen({ host: options.host, port: options.port })
    const { port } = server.server.address() as AddressInfo
    const url = `http://${options.host.includes(":") ? `[${options.host}]` : options.host}:${port}`
    const manage = people && accounts ? people.open(accounts, url) : null
    for (const one of options.readyPeople ?? []) await manage?.putNew(one)

    const record = startRecord?.() ?? null

    return {
      url,
      policies,
      adminUrl,
      sealer: record?.sealer ?? null,
      courier: record?.courier ?? null,
      feeder: record?.feeder ?? null,
      keys,
      verification: record?.verification ?? null,
      async stop() {
        await server.close()
        await retention.stop()
        await requests.stop()
        await overrides.stop()
        await refusals.close()
        await transactions.close()
        await pool.close()
        await pruning?.stop()
        await accounts?.close()
        await record?.stop()
        await post?.close()
        await witnessed?.close()
        await keys?.close()
        await options.keys?.store.close()
        await embedded?.stop()
      },
    }
  } catch (cause) {
    await embedded?.stop()
    throw cause
  }
}

/** Alerts by mail need somebody who sends it, also without accounts; throws UC916 where nobody does. */
function openAlertPost({ audit, accounts }: BackendDefinition, options: AppOptions): Post | null {
  const settings = audit?.alerts || {}
  if (!settings.mail?.length) return null
  const { mail } = withMail<{ readonly mail?: MailSettings }>(accounts ?? {}, options.mail)
  if (!mail?.smtp && !options.keepsMail)
    throw new UndercroftError("UC916", {
      setting: "audit.alerts.mail",
      why: "there is no SMTP server for it",
    })
  return openPost(mail ?? null, options.onError ?? (() => undefined))
}
