/**
 * The script of the page `/docs`. Everything it shows becomes a text node, so that no word of a document is ever markup;
 * the token stays in memory and is sent to this server alone.
 */
import { pageScript } from "../base/script-page.ts"

export const docsScript: string = `${pageScript}${String.raw`
const methods = ["get", "post", "patch", "put", "delete", "head", "options"]
const quiet = new Set(["head", "options"])
let token = ""
let api = null

/** Words between backticks as code; the rest as text. */
function prose(text = "") {
  return text.split("${"`"}").map((part, at) => (at % 2 ? make("code", {}, part) : part))
}

function follow(part) {
  if (!part || !part.$ref) return part
  return part.$ref.slice(2).split("/").reduce((at, step) => at && at[step], api) || {}
}

function typeOf(schema) {
  const found = follow(schema) || {}
  if (found.oneOf) return found.oneOf.map(typeOf).join(" or ")
  const types = [found.type || "any"].flat()
  const words = found.enum ? found.enum.filter((one) => one !== null).map((one) => JSON.stringify(one)).join(" | ") : ""
  const base = types.map((one) => (one === "array" ? "list of " + typeOf(found.items) : one)).join(" or ")
  const more = [
    found.format,
    found.minLength ? "at least " + found.minLength + " characters" : "",
    found.maxLength ? "at most " + found.maxLength + " characters" : "",
    found.minimum > -2147483648 && found.minimum > Number.MIN_SAFE_INTEGER ? "from " + found.minimum : "",
    found.maximum < 2147483647 ? "to " + found.maximum : "",
  ]
  return (words || base) + (words && types.includes("null") ? " or null" : "") + more.filter(Boolean).map((one) => ", " + one).join("")
}

function table(caption, rows) {
  if (rows.length === 0) return []
  return [make("table", {}, make("caption", { class: "unseen" }, caption), make("tbody", {}, rows))]
}

function line(name, type, required, description) {
  return make("tr", {},
    make("th", { scope: "row" }, make("code", {}, name), required ? make("span", { class: "need" }, " required") : "", make("span", { class: "type" }, type)),
    make("td", {}, prose(description)))
}

function fields(schema) {
  const found = follow(schema) || {}
  const inner = found.oneOf ? follow(found.oneOf[0]) : found.type === "array" ? follow(found.items) : found
  return table("Fields", Object.entries(inner.properties || {}).map(([name, one]) =>
    line(name, typeOf(one), (inner.required || []).includes(name), follow(one).description)))
}

function folded(title, ...children) {
  return make("details", { class: "more" }, make("summary", {}, title), children)
}

function jsonContent(content = {}) {
  return content["application/json"] || content["text/html"] || null
}

function sample(media) {
  return media && media.example !== undefined ? [make("pre", { tabindex: "0" }, JSON.stringify(media.example, null, 2))] : []
}

function operation(path, method, one) {
  const parameters = (one.parameters || []).map(follow)
  const own = parameters.filter((p) => p.in === "query" && !follow(p).description.startsWith("Only rows whose"))
  const filters = parameters.filter((p) => p.in === "query" && !own.includes(p))
  const heads = parameters.filter((p) => p.in === "header")
  const rows = (list) => table("Parameters", list.map((p) => line(p.name, p.in === "header" ? "header" : typeOf(p.schema), p.required, p.description)))
  const body = one.requestBody && jsonContent(one.requestBody.content)
  const answers = Object.entries(one.responses).map(([status, r]) => line(status, Object.keys(follow(r).content || {}).join(", "), false, follow(r).description))
  const good = follow(one.responses["200"] || one.responses["201"] || {})
  const shown = jsonContent(good.content)
  const box = make("details", { class: "op", id: one.operationId, "data-text": (path + " " + method + " " + (one.summary || "")).toLowerCase() })
  box.append(make("summary", {}, make("span", { class: "verb " + method }, method), make("span", { class: "path" }, path), make("span", { class: "what" }, one.summary || "")))
  // What a closed operation holds is made when it is opened: a large API has tens of thousands of lines.
  box.addEventListener("toggle", () => {
    if (!box.open || box.childElementCount > 1) return
    box.append(make("div", { class: "in" },
      one.description ? make("p", {}, prose(one.description)) : "",
      (one.security || [{}]).every((way) => Object.keys(way).length > 0) ? make("p", {}, make("strong", {}, "Needs a token.")) : "",
      own.length ? make("h4", {}, "Parameters") : "", rows(own),
      filters.length ? folded("Filters on " + filters.length + " fields", rows(filters)) : "",
      heads.length ? folded("Headers", rows(heads)) : "",
      body ? [make("h4", {}, "Body"), fields(body.schema), sample(body)] : "",
      make("h4", {}, "Answers"), table("Answers", answers),
      shown ? folded("What an answer holds", fields(shown.schema), sample(shown)) : "",
      attempt(path, method, own, body)))
  })
  return box
}

function attempt(path, method, own, body) {
  const id = "try-" + Math.random().toString(36).slice(2)
  const select = own.find((p) => p.name === "select")
  const start = method === "get" && select && select.example ? "?select=" + select.example + "&limit=3" : ""
  const address = make("input", { id: id + "a", value: path + start, spellcheck: "false" })
  const text = body ? make("textarea", { id: id + "b", rows: "8", spellcheck: "false" }) : null
  if (text && body.example !== undefined) text.value = JSON.stringify(body.example, null, 2)
  const curl = make("pre", { tabindex: "0", "aria-label": "The same with curl" })
  const out = make("div", { "aria-live": "polite" })
  const quote = (value) => "'" + value.replaceAll("'", "'\\''") + "'"
  const isOurs = () => address.value.startsWith("/") && URL.canParse(address.value, location.origin) &&
    new URL(address.value, location.origin).origin === location.origin
  const say = () => {
    const parts = ["curl " + (method === "get" ? "" : method === "head" ? "-I " : "-X " + method.toUpperCase() + " ") + quote(location.origin + address.value)]
    if (token) parts.push('-H "Authorization: Bearer $TOKEN"')
    if (text) parts.push("-H 'Content-Type: application/json'", "-H 'Prefer: return=representation'", "-d " + quote(text.value))
    curl.textContent = parts.join(" \\\n  ")
  }
  const send = async () => {
    say()
    if (!isOurs()) return out.replaceChildren(make("p", {}, "The path begins with one slash."))
    out.replaceChildren(make("p", {}, "Asking…"))
    const headers = token ? { authorization: "Bearer " + token } : {}
    if (text) Object.assign(headers, { "content-type": "application/json", prefer: "return=representation" })
    const began = performance.now()
    try {
      const answer = await fetch(address.value, { method: method.toUpperCase(), headers, ...(text ? { body: text.value } : {}) })
      let said = await answer.text()
      try { said = JSON.stringify(JSON.parse(said), null, 2) } catch {}
      const range = answer.headers.get("content-range")
      out.replaceChildren(make("p", {}, make("strong", {}, answer.status + " " + answer.statusText), " in " + Math.round(performance.now() - began) + " ms" + (range ? ", rows " + range : "")),
        said ? make("pre", { tabindex: "0" }, said.slice(0, 200000)) : "")
    } catch (cause) {
      out.replaceChildren(make("p", {}, "No answer: " + cause.message))
    }
  }
  address.addEventListener("input", say)
  if (text) text.addEventListener("input", say)
  addEventListener("signin", say)
  say()
  return make("form", { class: "try", "aria-label": "Try it", on: { submit: (event) => { event.preventDefault(); void send() } } },
    make("label", { for: id + "a" }, "Path"), address,
    text ? [make("label", { for: id + "b" }, "Body"), text] : "",
    make("div", { class: "row" }, make("button", {}, "Send"),
      make("button", { type: "button", on: { click: () => navigator.clipboard && navigator.clipboard.writeText(curl.textContent) } }, "Copy as curl")),
    curl, out)
}

function show() {
  const groups = api.tags.map((tag) => ({ tag, operations: [] }))
  for (const [path, item] of Object.entries(api.paths)) {
    for (const method of methods) {
      const one = item[method]
      const group = one && groups.find(({ tag }) => tag.name === one.tags[0])
      if (group) group.operations.push({ path, method, one })
    }
  }
  byId("list").replaceChildren(...groups.map(({ tag, operations }) =>
    make("div", {}, make("h2", {}, tag.name), make("ul", {}, operations.filter(({ method }) => !quiet.has(method)).map(({ path, method, one }) =>
      make("li", { "data-text": (path + " " + method + " " + one.summary).toLowerCase() }, make("a", { href: "#" + one.operationId }, make("span", { class: "verb " + method }, method), one.summary)))))))
  byId("body").replaceChildren(make("h1", {}, api.info.summary), make("p", { class: "about" }, prose(api.info.description)),
    ...groups.map(({ tag, operations }) => make("section", { "aria-label": tag.name }, make("h2", {}, tag.name), make("p", { class: "about" }, prose(tag.description)),
      operations.map(({ path, method, one }) => operation(path, method, one)))))
  reveal()
  find()
}

async function load() {
  const status = byId("status")
  try {
    const answer = await fetch("/openapi.json", { headers: token ? { authorization: "Bearer " + token } : {} })
    const read = await answer.json()
    if (!answer.ok) throw new Error(read.message)
    api = read
    status.textContent = token ? "As the holder of this token could ever see it." : "As an anonymous caller could ever see it. With a token there may be more."
    show()
  } catch (cause) {
    status.textContent = "The document can't be shown: " + cause.message
  }
}

function reveal() {
  const target = location.hash.length > 1 && byId(decodeURIComponent(location.hash.slice(1)))
  if (!target || target.tagName !== "DETAILS") return
  target.open = true
  target.scrollIntoView()
  target.querySelector("summary").focus({ preventScroll: true })
}

function find() {
  const words = byId("find").value.toLowerCase().split(/\s+/)
  for (const one of document.querySelectorAll("[data-text]")) one.hidden = !words.every((word) => one.dataset.text.includes(word))
  for (const group of document.querySelectorAll("#list > div, #body > section")) group.hidden = !group.querySelector("[data-text]:not([hidden])")
}

byId("signin").addEventListener("submit", (event) => {
  event.preventDefault()
  token = byId("token").value.trim()
  dispatchEvent(new Event("signin"))
  void load()
})
byId("find").addEventListener("input", find)
addEventListener("hashchange", reveal)
addEventListener("keydown", (event) => {
  if (event.key !== "/" || /^(INPUT|TEXTAREA)$/.test(event.target.tagName)) return
  event.preventDefault()
  byId("find").focus()
})
void load()
`}`
