/** What pages with one script and one style share: the policy that lets nothing else run, and how elements are made of text. */
import { createHash } from "node:crypto"

/** How a Content-Security-Policy names a script or a style by its text. */
export function hashOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`
}

/** A Content-Security-Policy: this script, this style, and requests to the page's own server. */
export function scriptPagePolicy(script: string, style: string): string {
  return [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    "connect-src 'self'",
    // The empty icon, so that none is asked for.
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ")
}

/** The beginning of such a script: `byId`, and `make("p", { class: "x" }, "text", child)`, which makes no markup of a text. */
export const pageScript: string = `"use strict"
const byId = (id) => document.getElementById(id)

/** make("p", { class: "x" }, "text", child) */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [event, run] of Object.entries(value)) element.addEventListener(event, run)
    else if (value !== null) element.setAttribute(name, value)
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== ""))
  return element
}
`
