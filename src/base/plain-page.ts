/** A page without a script: one HTML text with its style in it, which asks for nothing else. */
import { escapeHtml } from "./escape-html.ts"

export interface PlainPage {
  readonly title: string
  readonly style: string
  /** Lines of the head before the title, as HTML. */
  readonly head?: string
  /** What stands under the title, as HTML. */
  readonly body: string
}

/** A whole document; the title is text. */
export function plainPage({ title, style, head = "", body }: PlainPage): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${head}<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${body}
</main>
</body>
</html>
`
}
