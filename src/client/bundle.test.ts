/** The client as an app gets it: small, without dependencies, and without anything of Node or of the server. */
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { rolldown } from "rolldown"
import { beforeAll, expect, test } from "vitest"

let code = ""
let imports: readonly string[] = []
let modules: readonly string[] = []

beforeAll(async () => {
  const input = fileURLToPath(new URL("client.ts", import.meta.url))
  // What is found outside the client's own folder is left out of the bundle, and so counted as an import.
  const bundle = await rolldown({ input, platform: "browser", external: /^(?!\.\/|\/)/ })
  try {
    const { output } = await bundle.generate({ format: "esm", minify: true })
    const [chunk] = output
    code = chunk.code
    imports = [...chunk.imports, ...chunk.dynamicImports]
    modules = chunk.moduleIds
  } finally {
    await bundle.close()
  }
})

test("is less than 6 kB, minified and gzipped", () => {
  expect(code).toContain("idempotency-key")
  expect(gzipSync(code, { level: 9 }).length).toBeLessThan(6000)
})

test("imports nothing, neither of Node nor of the server", () => {
  expect(imports).toEqual([])
  expect(modules.filter((path) => !path.includes("/src/client/"))).toEqual([])
  expect(code).not.toMatch(/\bfrom\s*["']|\bimport\s*[("']|\brequire\s*\(/)
})

test("names nothing that only Node has", () => {
  expect(code).not.toMatch(/\b(process|Buffer|global|__dirname|setImmediate)\b/)
})

test("runs where there is only what browsers and Node share", async () => {
  const shared = [
    "URL",
    "Headers",
    "AbortSignal",
    "AbortController",
    "setTimeout",
    "clearTimeout",
    "crypto",
  ] as const
  const names = code.match(/export\s*\{([^}]*)\}/)?.[1] ?? ""
  const found = Object.fromEntries(
    names.split(",").map((pair) => {
      const [inner = "", outer = ""] = pair.trim().split(/\s+as\s+/)
      return [outer || inner, inner]
    }),
  )
  const body = code.replace(/export\s*\{[^}]*\};?/, "")
  const make = new Function(
    "globalThis",
    "process",
    "Buffer",
    ...shared,
    `"use strict";${body};return ${found["createClient"]}`,
  )
  const asked: string[] = []
  const fetch = async (url: string): Promise<Response> => {
    asked.push(url)
    return new Response("[]")
  }
  const world = { fetch, crypto: globalThis.crypto }
  const createClient = make(world, undefined, undefined, ...shared.map((name) => globalThis[name]))
  const { patients } = createClient({ url: "https://clinic.example" })
  expect(await patients.list({ where: { name: "Ä,b" }, order: ["-born"] })).toEqual([])
  expect(asked).toEqual(["https://clinic.example/rest/patients?name=eq.%C3%84,b&order=born.desc"])
})
