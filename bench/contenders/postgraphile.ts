/**
 * The contender that is PostGraphile 5, as its documentation has it run in production: the Amber preset on fastify, with
 * the filter plugin. Instead of settings its transaction enters the caller, since the policies trust nothing else.
 */
import type { FastifyInstance, FastifyRequest } from "fastify"
import type { SealedCaller } from "../../src/store/flight.ts"
import { runContender } from "./contender.ts"
import { createCarefulServer, listen, openPgPool } from "./fixed-routes.ts"
import { requireBenchModule } from "./modules.ts"

/** The parts of PostGraphile that are needed here. */
interface PgClient {
  query(query: { text: string; name?: string; values?: readonly unknown[] }): Promise<unknown>
  withTransaction<Result>(run: (client: PgClient) => Promise<Result>): Promise<Result>
}
type WithPgClient = <Result>(
  settings: Readonly<Record<string, unknown>> | null,
  run: (client: PgClient) => Promise<Result>,
) => Promise<Result>
type CreateWithPgClient = (options: object, variant?: string) => WithPgClient & { release?(): void }
interface PgAdaptor {
  readonly createWithPgClient: CreateWithPgClient
  makePgService(options: object): object
}
interface PostGraphile {
  createServ(grafserv: unknown): { addTo(server: FastifyInstance): Promise<void> }
}

const enter = { name: "enter", text: "select undercroft.enter($1, $2, $3)" }

/**
 * A transaction where there is a caller: as many exchanges as with settings. What is asked outside of a request is the
 * catalogue, which the role of requests can't read.
 */
function entering(create: CreateWithPgClient, connectAdmin: WithPgClient): CreateWithPgClient {
  return (options, variant) => {
    const connect = create(options, variant)
    const within: WithPgClient = (settings, run) => {
      if (!settings || !("caller" in settings)) return connectAdmin(null, run)
      const caller = settings["caller"] as SealedCaller | null
      if (!caller) return connect(null, run)
      return connect(null, (client) =>
        client.withTransaction(async (transaction) => {
          await transaction.query({ ...enter, values: [caller.claims, caller.expires, caller.seal] })
          return run(transaction)
        }),
      )
    }
    return Object.assign(within, { release: () => connect.release?.() })
  }
}

runContender(async (setup) => {
  // Before it is loaded: otherwise it checks itself as it runs.
  Object.assign(process.env, { NODE_ENV: "production", GRAPHILE_ENV: "production" })
  const { postgraphile } = requireBenchModule("postgraphile") as {
    postgraphile: (preset: object) => PostGraphile
  }
  const { PostGraphileAmberPreset } = requireBenchModule("postgraphile/presets/amber") as {
    PostGraphileAmberPreset: object
  }
  const { PostGraphileConnectionFilterPreset } = requireBenchModule(
    "postgraphile-plugin-connection-filter",
  ) as { PostGraphileConnectionFilterPreset: object }
  const { grafserv } = requireBenchModule("postgraphile/grafserv/fastify/v5") as { grafserv: unknown }
  const adaptor = requireBenchModule("postgraphile/adaptors/pg") as PgAdaptor
  const { createWithPgClient } = adaptor
  const connectAdmin = createWithPgClient({ connectionString: setup.adminUrl })

  const { server, authenticate } = createCarefulServer(setup)
  const service = adaptor.makePgService({ pool: openPgPool(setup), schemas: ["app"] })
  const created = postgraphile({
    extends: [PostGraphileAmberPreset, PostGraphileConnectionFilterPreset],
    // It takes filters and orders for costly that no index begins with; the other contenders have them.
    disablePlugins: ["PgIndexBehaviorsPlugin"],
    pgServices: [
      {
        ...service,
        adaptor: { ...adaptor, createWithPgClient: entering(createWithPgClient, connectAdmin) },
      },
    ],
    grafserv: { graphiql: false, watch: false },
    grafast: {
      explain: false,
      context: async ({ fastifyv5 }: { readonly fastifyv5: { readonly request: FastifyRequest } }) => {
        const { sealed } = await authenticate(fastifyv5.request)
        return { pgSettings: { caller: sealed } }
      },
    },
  })
  await created.createServ(grafserv).addTo(server)
  return listen(server)
})
