/** The page that browsers get at `/graphql` where the schema may be asked for: one HTML text that asks this server alone. */
import { escapeHtml } from "../base/escape-html.ts"
import { scriptPagePolicy } from "../base/script-page.ts"
import { explorerScript } from "./explorer-script.ts"
import { explorerStyle } from "./explorer-style.ts"

export interface ExplorerPage {
  readonly html: string
  /** Its Content-Security-Policy: the hashes of its script and its style, and requests to its own server. */
  readonly policy: string
}

/** Made once, at the start: it is the same for all, and the schema that it shows is the caller's. */
export function explorerPage(name: string): ExplorerPage {
  const title = escapeHtml(name)
  return {
    policy: scriptPagePolicy(explorerScript, explorerStyle),
    html: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · GraphQL</title>
<link rel="icon" href="data:,">
<style>${explorerStyle}</style>
</head>
<body>
<a class="skip" href="#document">Skip to the document</a>
<header>
<p class="name"><strong>${title}</strong> GraphQL</p>
<form id="signin" autocomplete="off">
<label for="token">Token</label>
<input id="token" type="password" spellcheck="false" placeholder="none: anonymous">
<button>Use</button>
</form>
<a href="/docs">REST</a>
</header>
<nav aria-label="Schema">
<label class="unseen" for="find">Find</label>
<input id="find" type="search" placeholder="Find" spellcheck="false">
<p role="status" id="status">Reading the schema…</p>
<div id="schema"></div>
</nav>
<main>
<form id="ask" autocomplete="off" class="row" aria-label="Ask">
<button>Run</button>
<label class="unseen" for="operation">Operation</label>
<select id="operation" hidden></select>
<span>Ctrl+Enter</span>
</form>
<label for="document">Document</label>
<textarea id="document" spellcheck="false">{ __typename }
</textarea>
<label for="variables">Variables</label>
<textarea id="variables" rows="5" spellcheck="false" placeholder="{ }"></textarea>
<label for="headers">Headers</label>
<textarea id="headers" rows="2" spellcheck="false" placeholder="{ }"></textarea>
<noscript><p>This page needs its script; the schema is told by introspection and by undercroft graphql schema, too.</p></noscript>
</main>
<section id="answer" aria-label="Answer" aria-live="polite"><p>What is answered appears here.</p></section>
<script>${explorerScript}</script>
</body>
</html>
`,
  }
}

/** Whether an Accept header asks for a page rather than for JSON, as that of a browser's address bar does. */
export function prefersPage(header: string | undefined): boolean {
  const weights = new Map(
    (header ?? "").split(",").map((part) => {
      const [type = "", ...parameters] = part.split(";").map((one) => one.trim().toLowerCase())
      const weight = Number(parameters.find((one) => one.startsWith("q="))?.slice(2) ?? "1")
      return [type, weight] as const
    }),
  )
  const of = (type: string): number => weights.get(type) ?? 0
  const html = of("text/html")
  const json = Math.max(of("application/json"), of("application/graphql-response+json"), of("application/*"))
  return html > json && html >= of("*/*")
}
