/** Backends for tests: a database of their own, real HTTP on a free port, and callers with tokens. */
import { randomBytes } from "node:crypto"
import pg from "pg"
import { inject } from "vitest"
import { type App, startApp } from "../../src/app.ts"
import type { AppOptions } from "../../src/app-options.ts"
import { signToken } from "../../src/auth/jwt-sign.ts"
import type { BackendDefinition } from "../../src/backend.ts"
import { testKeys } from "./keys.ts"

export const testSecret: string = "a secret of at least thirty-two bytes"

/** A caller of a test; null is anonymous. */
export interface TestCaller {
  readonly id: string
  readonly roles?: readonly string[]
  readonly [claim: string]: unknown
}

export interface TestAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body as JSON; undefined where it is empty. */
  readonly json: any
}

export interface TestBackend {
  readonly app: App
  readonly url: string
  readonly adminUrl: string
  tokenOf(caller: TestCaller): Promise<string>
  /** `path` begins with `/rest` or another route. */
  request(
    caller: TestCaller | null,
    method: string,
    path: string,
    options?: { body?: unknown; headers?: Record<string, string> },
  ): Promise<TestAnswer>
  /** Runs SQL as the superuser. */
  sql(text: string, values?: readonly unknown[]): Promise<any[]>
  stop(): Promise<void>
}

/** Makes an empty database and gives its superuser's URL. */
export async function createDatabase(): Promise<{ url: string; drop: () => Promise<void> }> {
  const url = new URL(inject("postgresUrl"))
  const name = `t${randomBytes(6).toString("hex")}`
  await runSql(url.href, `create database ${name}`)
  const own = new URL(url)
  own.pathname = `/${name}`
  return {
    url: own.href,
    drop: async () => void (await runSql(url.href, `drop database if exists ${name} with (force)`)),
  }
}

/** Runs SQL on a connection of its own. */
export async function runSql(url: string, text: string, values: readonly unknown[] = []): Promise<any[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(text, [...values])).rows
  } finally {
    await client.end()
  }
}

/** Starts a backend whose tokens are made by `tokenOf`; seeded when the definition has a seed. */
export async function startTestBackend(
  definition: BackendDefinition,
  options: Partial<AppOptions> = {},
): Promise<TestBackend> {
  const database = await createDatabase()
  const app = await startApp(definition, {
    host: "127.0.0.1",
    port: 0,
    directory: "",
    secret: testSecret,
    keys: await testKeys(),
    introspects: true,
    databaseUrl: database.url,
    seed: true,
    issuers: [{ secret: testSecret }],
    ...options,
  })
  const tokens = new Map<string, string>()
  const tokenOf = async ({ id, ...claims }: TestCaller): Promise<string> => {
    const key = JSON.stringify([id, claims])
    const token =
      tokens.get(key) ??
      (await signToken({ sub: id, ...claims }, { secret: testSecret, expiresInSeconds: 3600 }))
    tokens.set(key, token)
    return token
  }
  return {
    app,
    url: app.url,
    adminUrl: database.url,
    tokenOf,
    async request(caller, method, path, { body, headers } = {}) {
      const response = await fetch(app.url + path, {
        method,
        headers: {
          ...(caller ? { authorization: `Bearer ${await tokenOf(caller)}` } : {}),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      })
      const text = await response.text()
      return {
        status: response.status,
        headers: response.headers,
        text,
        json: text === "" ? undefined : JSON.parse(text),
      }
    },
    sql: (text, values) => runSql(database.url, text, values),
    async stop() {
      await app.stop()
      await database.drop()
    },
  }
}
