/**
 * The script of the page of `/graphql`. Everything it shows becomes a text node, so that no word of a schema or of a row is
 * ever markup; the token stays in memory and is sent to this server alone.
 */
import { getIntrospectionQuery } from "graphql"
import { pageScript } from "../base/script-page.ts"

export const explorerScript: string = `${pageScript}
const introspection = ${JSON.stringify(getIntrospectionQuery())}
${String.raw`
let token = ""
let types = new Map()

function ask(body, headers = {}) {
  return fetch("/graphql", {
    method: "POST",
    headers: { ...headers, "content-type": "application/json", accept: "application/json", ...(token ? { authorization: "Bearer " + token } : {}) },
    body: JSON.stringify(body),
  })
}

function printed(type) {
  if (type.kind === "NON_NULL") return printed(type.ofType) + "!"
  return type.kind === "LIST" ? "[" + printed(type.ofType) + "]" : type.name
}

function named(type) {
  return type.ofType ? named(type.ofType) : types.get(type.name) || { name: type.name, kind: "SCALAR" }
}

const needed = (one) => one.type.kind === "NON_NULL" && one.defaultValue === null
const isLeaf = (type) => type.kind === "SCALAR" || type.kind === "ENUM"

/** A value that is of the type: of an input what it can't do without. */
function example(type) {
  if (type.kind === "NON_NULL") return example(type.ofType)
  if (type.kind === "LIST") return [example(type.ofType)]
  const found = named(type)
  if (found.kind === "INPUT_OBJECT")
    return Object.fromEntries(found.inputFields.filter(needed).map((one) => [one.name, example(one.type)]))
  if (found.kind === "ENUM") return found.enumValues[0].name
  return { Int: 0, Float: 0, Boolean: false }[found.name] ?? ""
}

/** The leaves of a type, and those of its rows. */
function selection(type, indent) {
  const lines = (named(type).fields || []).filter((one) => !one.args.some(needed)).flatMap((one) => {
    if (isLeaf(named(one.type))) return [indent + one.name]
    return ["edges", "node", "records", "pageInfo"].includes(one.name)
      ? [indent + one.name + " {", ...selection(one.type, indent + "  "), indent + "}"] : []
  })
  return lines.length ? lines : [indent + "__typename"]
}

function use(word, field) {
  const args = field.args.filter(needed)
  const given = args.map((one) => one.name + ": $" + one.name)
  if (field.args.some((one) => one.name === "first")) given.unshift("first: 5")
  const head = word + (args.length ? " (" + args.map((one) => "$" + one.name + ": " + printed(one.type)).join(", ") + ")" : "")
  const inner = isLeaf(named(field.type)) ? [] : [" {", ...selection(field.type, "    "), "  }"]
  const call = "  " + field.name + (given.length ? "(" + given.join(", ") + ")" : "")
  byId("document").value = head + " {\n" + call + inner.join("\n") + "\n}\n"
  byId("variables").value = JSON.stringify(Object.fromEntries(args.map((one) => [one.name, example(one.type)])), null, 2)
  operations()
  byId("document").focus()
}

/** One field, argument or word of a type; what it leads to is made when it is opened. */
function part(one, extra = []) {
  const type = one.type ? named(one.type) : null
  const box = make("details", { "data-text": one.name.toLowerCase() },
    make("summary", {}, make("code", {}, one.name), one.type ? make("code", { class: "type" }, printed(one.type)) : ""))
  box.addEventListener("toggle", () => {
    if (!box.open || box.childElementCount > 1) return
    const told = one.description || (type && type.description) || ""
    const inner = type ? [...(type.fields || []), ...(type.inputFields || []), ...(type.enumValues || [])] : []
    box.append(make("div", {}, extra, told ? make("p", {}, told) : "",
      one.args && one.args.length ? [make("p", {}, "Arguments"), one.args.map((arg) => part(arg))] : "",
      inner.length ? [make("p", {}, type.name), inner.map((each) => part(each))] : ""))
  })
  return box
}

function show(schema) {
  types = new Map(schema.types.map((type) => [type.name, type]))
  const roots = [["query", schema.queryType], ["mutation", schema.mutationType]].filter(([, type]) => type)
  byId("schema").replaceChildren(...roots.map(([word, type]) =>
    make("section", { "aria-label": word }, make("h2", {}, word === "query" ? "Queries" : "Mutations"), types.get(type.name).fields.map((field) =>
      part(field, [make("button", { class: "use", type: "button", on: { click: () => use(word, field) } }, "Use")])))))
  find()
}

async function load() {
  const status = byId("status")
  try {
    const answer = await ask({ query: introspection })
    const { data, errors } = await answer.json()
    if (!data) throw new Error(errors[0].message)
    show(data.__schema)
    status.textContent = token ? "As the holder of this token could ever see it." : "As an anonymous caller could ever see it. With a token there may be more."
  } catch (cause) {
    byId("schema").replaceChildren()
    status.textContent = "The schema can't be shown: " + cause.message
  }
}

/** A JSON object, or what is wrong with it. */
function read(id, name) {
  const text = byId(id).value.trim()
  if (!text) return {}
  let found = null
  try { found = JSON.parse(text) } catch {}
  if (typeof found === "object" && found !== null && !Array.isArray(found)) return found
  throw new Error(name + " must be a JSON object.")
}

/** The names of the operations, to choose from where there are several. */
function operations() {
  const text = byId("document").value.replace(/"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|#.*/g, "")
  const names = [...text.matchAll(/(?:^|\})\s*(?:query|mutation)\s+(\w+)/g)].map((found) => found[1])
  const select = byId("operation")
  const before = select.value
  select.replaceChildren(...names.map((name) => make("option", {}, name)))
  if (names.includes(before)) select.value = before
  select.hidden = names.length < 2
}

async function run() {
  const out = byId("answer")
  let body
  let headers
  try {
    body = { query: byId("document").value, variables: read("variables", "Variables") }
    headers = read("headers", "Headers")
  } catch (cause) {
    return out.replaceChildren(make("p", { class: "wrong" }, cause.message))
  }
  operations()
  if (!byId("operation").hidden) body.operationName = byId("operation").value
  out.replaceChildren(make("p", {}, "Asking…"))
  const began = performance.now()
  try {
    const answer = await ask(body, headers)
    let said = await answer.text()
    let wrong = []
    try {
      const parsed = JSON.parse(said)
      wrong = (parsed.errors || []).map((one) => make("p", { class: "wrong" }, one.message + (one.extensions && one.extensions.hint ? " " + one.extensions.hint : "")))
      said = JSON.stringify(parsed, null, 2)
    } catch {}
    out.replaceChildren(make("p", {}, make("strong", {}, answer.status + " " + answer.statusText), " in " + Math.round(performance.now() - began) + " ms"),
      ...wrong, make("pre", { tabindex: "0" }, said.slice(0, 500000)))
  } catch (cause) {
    out.replaceChildren(make("p", { class: "wrong" }, "No answer: " + cause.message))
  }
}

function find() {
  const word = byId("find").value.trim().toLowerCase()
  for (const one of document.querySelectorAll("#schema > section > details")) one.hidden = !one.dataset.text.includes(word)
}

byId("signin").addEventListener("submit", (event) => {
  event.preventDefault()
  token = byId("token").value.trim()
  void load()
})
byId("ask").addEventListener("submit", (event) => {
  event.preventDefault()
  void run()
})
byId("find").addEventListener("input", find)
byId("document").addEventListener("input", operations)
addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault()
    void run()
  }
})
const given = new URLSearchParams(location.search)
if (given.get("query")) byId("document").value = given.get("query")
if (given.get("variables")) byId("variables").value = given.get("variables")
operations()
void load()
`}`
