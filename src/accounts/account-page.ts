/** What the pages of accounts have in common: their style, what they may do, and their frame. */
import { escapeHtml } from "../base/escape-html.ts"
import { plainPage } from "../base/plain-page.ts"
import { hashOf } from "../base/script-page.ts"

const style = `*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;font:1rem/1.5 system-ui,sans-serif;background:#f4f5f7;color:#16181d}
main{width:100%;max-width:24rem;padding:2rem;background:#fff;border:1px solid #d5d8de;border-radius:.5rem}
h1{margin:0 0 1rem;font-size:1.25rem}
label{display:block;margin:.75rem 0 .25rem}
input,button{width:100%;padding:.6rem;font:inherit;border-radius:.3rem;border:1px solid #737a87;background:#fff;color:inherit}
button{margin-top:1rem;border-color:#174ea6;background:#174ea6;color:#fff;cursor:pointer}
button.quiet{background:#fff;color:#174ea6}
:focus-visible{outline:3px solid #f2a33a;outline-offset:2px}
.wrong{padding:.5rem .75rem;border-left:4px solid #b3261e;background:#fdecea}
@media (prefers-color-scheme:dark){body{background:#101216;color:#e7e9ee}main{background:#1a1d23;border-color:#3a404b}
input{background:#101216}button.quiet{background:#1a1d23;color:#9dbcf5;border-color:#9dbcf5}.wrong{background:#3b1715}}`

/** A page's Content-Security-Policy. A form's answer may lead to the application: browsers hold `form-action` against that, too. */
export function pagePolicy(targets: readonly string[], more: readonly string[] = []): string {
  return [
    "default-src 'none'",
    `style-src '${hashOf(style)}'`,
    ...more,
    `form-action ${["'self'", ...targets].join(" ")}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ")
}

/** A whole document. `wrong` is text and says what went wrong, `body` is HTML. */
export function page(title: string, wrong: string | undefined, body: string): string {
  const told = wrong === undefined ? "" : `<p class="wrong" role="alert">${escapeHtml(wrong)}</p>\n`
  return plainPage({ title, style, body: told + body })
}
