/** The page: its policy lets exactly its own script and style run, and nothing in it comes from elsewhere. */
import { createHash } from "node:crypto"
import { Script } from "node:vm"
import { describe, expect, test } from "vitest"
import { docsPage } from "./docs-page.ts"

const page = docsPage(`</title><script>alert("1")</script>`)
const insides = (tag: string): readonly string[] =>
  [...page.html.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, "g"))].map(([, inside]) => inside ?? "")

describe("the policy", () => {
  test("names the hashes of the one script and the one style", () => {
    for (const tag of ["script", "style"]) {
      const [only, ...more] = insides(tag)
      expect(more).toEqual([])
      const hash = createHash("sha256").update(only!).digest("base64")
      expect(page.policy).toContain(`${tag}-src 'sha256-${hash}'`)
    }
  })

  test("denies everything else, and no markup would need it", () => {
    expect(page.policy).toMatch(/^default-src 'none'; /)
    expect(page.policy).not.toMatch(/unsafe|\*|https?:|(?<!img-src )data:/)
    expect(page.html.replaceAll(/<(script|style)>[\s\S]*?<\/\1>/g, "")).not.toMatch(
      /\son\w+=|\sstyle=|\ssrc=|https?:|javascript:/,
    )
  })
})

test("the name is text", () => {
  expect(page.html).toContain("<title>&#60;/title&#62;&#60;script&#62;alert(&#34;1&#34;)")
})

test("the script is a script, and makes nothing but text of what it is told", () => {
  const [script] = insides("script")
  expect(() => new Script(script!)).not.toThrow()
  expect(script).not.toMatch(
    /innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|Function\(|localStorage/,
  )
})

test("is small", () => {
  expect(Buffer.byteLength(page.html)).toBeLessThan(25_000)
})
