/** The page `/docs`: one HTML text that asks for `/openapi.json`, fetches nothing else and runs no script but its own. */
import { escapeHtml } from "../base/escape-html.ts"
import { scriptPagePolicy } from "../base/script-page.ts"
import { docsScript } from "./docs-script.ts"
import { docsStyle } from "./docs-style.ts"

export interface DocsPage {
  readonly html: string
  /** Its Content-Security-Policy: the hashes of its script and its style, and requests to its own server. */
  readonly policy: string
}

/** Made once, at the start: it is the same for all, and the document that it shows is the caller's. */
export function docsPage(name: string): DocsPage {
  const title = escapeHtml(name)
  return {
    policy: scriptPagePolicy(docsScript, docsStyle),
    html: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · API</title>
<link rel="icon" href="data:,">
<style>${docsStyle}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the operations</a>
<header>
<p class="name"><strong>${title}</strong> API</p>
<form id="signin" autocomplete="off">
<label for="token">Token</label>
<input id="token" type="password" spellcheck="false" placeholder="none: anonymous">
<button>Use</button>
</form>
<a class="raw" href="/openapi.json">openapi.json</a>
</header>
<nav id="nav" aria-label="Collections">
<label class="unseen" for="find">Find</label>
<input id="find" type="search" placeholder="Find   /" spellcheck="false">
<div id="list"></div>
</nav>
<main id="main" tabindex="-1"><p role="status" id="status">Reading the document…</p><div id="body"></div>
<noscript><p>This page needs its script to show <a href="/openapi.json">the document</a>.</p></noscript></main>
<script>${docsScript}</script>
</body>
</html>
`,
  }
}
