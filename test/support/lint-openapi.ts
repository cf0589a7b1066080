/** What two independent linters say of an OpenAPI document: Redocly's recommended rules, and Spectral's. */
import { createConfig, lintFromString } from "@redocly/openapi-core"
import spectral, { type RulesetDefinition } from "@stoplight/spectral-core"
import rulesets from "@stoplight/spectral-rulesets"

/** One line a finding, errors and warnings alike; `off` are rules that are left out, by their names. */
export async function lintOpenApi(
  document: unknown,
  off: readonly string[] = [],
): Promise<readonly string[]> {
  const source = JSON.stringify(document)
  const config = await createConfig({
    extends: ["recommended"],
    rules: Object.fromEntries(off.map((rule) => [rule, "off" as const])),
  })
  const redocly = await lintFromString({ source, absoluteRef: "openapi.json", config })
  const judge = new spectral.Spectral()
  judge.setRuleset({ extends: [[rulesets.oas as RulesetDefinition, "recommended"]] })
  const found = await judge.run(JSON.parse(source) as Record<string, unknown>)
  return [
    ...redocly.map(
      ({ ruleId, message, location }) => `redocly ${ruleId} ${location[0]?.pointer ?? ""}: ${message}`,
    ),
    ...found
      .filter(({ code }) => !off.includes(String(code)))
      .map(({ code, message, path }) => `spectral ${code} ${path.join("/")}: ${message}`),
  ]
}
