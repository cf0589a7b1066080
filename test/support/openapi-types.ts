/** TypeScript from an OpenAPI document, as openapi-typescript makes it. */
import { registerHooks } from "node:module"

/**
 * openapi-typescript prints with the compiler's old interface, which TypeScript 7 no longer has: for it alone,
 * "typescript" is the 5.9 that `@ts-morph/common` carries.
 */
const former = `import common from "@ts-morph/common"; export default common.ts`
registerHooks({
  resolve(specifier, context, next) {
    if (specifier === "@ts-morph/common") return next(specifier, { ...context, parentURL: import.meta.url })
    const isTheirs = specifier === "typescript" && context.parentURL?.includes("/openapi-typescript/")
    return isTheirs
      ? { url: `data:text/javascript,${encodeURIComponent(former)}`, shortCircuit: true }
      : next(specifier, context)
  },
})

export async function openApiTypes(document: unknown): Promise<string> {
  const { default: parse, astToString } = await import("openapi-typescript")
  return astToString(await parse(JSON.stringify(document)))
}
