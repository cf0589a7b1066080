/** The one form in which a SAML response is read: what else XML can say is refused before any word of it is believed. */
import { DOMParser } from "@xmldom/xmldom"

export const protocol = "urn:oasis:names:tc:SAML:2.0:protocol"
export const assertion = "urn:oasis:names:tc:SAML:2.0:assertion"
const signature = "http://www.w3.org/2000/09/xmldsig#"
const canonical = "http://www.w3.org/2001/10/xml-exc-c14n#"
const enveloped = `${signature}enveloped-signature`
// Without SHA-1, and without those by which a public key could be taken for a shared secret.
const signing: ReadonlySet<string> = new Set(
  ["rsa-sha256", "rsa-sha512"].map((one) => `http://www.w3.org/2001/04/xmldsig-more#${one}`),
)
const digests: ReadonlySet<string> = new Set(
  ["sha256", "sha512"].map((one) => `http://www.w3.org/2001/04/xmlenc#${one}`),
)
/** Base64 of a response. */
export const maxLength = 200_000
const maxElements = 1_000
const maxAttributes = 2_000
const maxDepth = 30

/** An answer that is not believed. Its code may be told; it holds none of the answer's words. */
export class NotBelieved extends Error {
  readonly code: string
  constructor(code: string) {
    super(code)
    this.code = code
  }
}

export interface FormedResponse {
  readonly root: Element
  /** Whether the response is signed, too, and not the assertion alone. */
  readonly isSigned: boolean
}

/** Decodes a response and looks at its form. No signature has been verified after that. */
export function readForm(encoded: string): FormedResponse {
  if (encoded.length > maxLength) throw new NotBelieved("answer_too_large")
  const root = parseStrictly(decode(encoded))
  const all = checkAll(root)
  if (root.localName !== "Response" || root.namespaceURI !== protocol) throw new NotBelieved("not_a_response")
  const found = all.filter((one) => one.localName === "Assertion")
  // An assertion elsewhere is one that is signed, while another is read (signature wrapping).
  const isOne = found.length === 1 && found[0]!.parentNode === root && found[0]!.namespaceURI === assertion
  const odd = ["Response", "EncryptedAssertion", "EncryptedID", "EncryptedAttribute", "Object"]
  if (all.some((one) => one !== root && odd.includes(one.localName))) throw new NotBelieved("odd_form")
  if (found.length > 0 && !isOne) throw new NotBelieved("odd_form")
  const signatures = all.filter((one) => one.localName === "Signature")
  const owners = signatures.map((one) => one.parentNode)
  if (new Set(owners).size < owners.length) throw new NotBelieved("odd_signature")
  for (const one of signatures) checkSignature(one, [root, ...found])
  if (isOne && !owners.includes(found[0]!)) throw new NotBelieved("not_signed")
  return { root, isSigned: owners.includes(root) }
}

function decode(encoded: string): string {
  const base64 = encoded.replace(/[\r\n]/g, "")
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) throw new NotBelieved("not_a_response")
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(base64, "base64"))
  } catch {
    throw new NotBelieved("not_a_response")
  }
}

/** Elements, attributes and text: no document type, entity, comment, CDATA section or processing instruction. */
export function parseStrictly(xml: string): Element {
  const body = xml.replace(
    /^<\?xml version=["']1\.0["']( encoding=["']utf-8["'])?( standalone=["']\w+["'])? ?\?>/i,
    "",
  )
  if (/<[!?]|[^\P{Cc}\t\n\r]|[\ufffe\uffff]/u.test(body)) throw new NotBelieved("odd_form")
  // Counted before it is parsed: what can be said in one cheap request must not keep the process busy.
  const count = (what: RegExp): number => body.match(what)?.length ?? 0
  if (count(/</g) > 2 * maxElements || count(/=\s*["']/g) > maxAttributes)
    throw new NotBelieved("answer_too_large")
  const refuse = (): never => {
    throw new NotBelieved("odd_form")
  }
  const errorHandler = { warning: refuse, error: refuse, fatalError: refuse }
  const document = new DOMParser({ errorHandler }).parseFromString(body.trim(), "text/xml")
  if (!document?.documentElement || document.childNodes.length !== 1) return refuse()
  return document.documentElement
}

/** All elements, which are not too many; an ID is that of one element, or a signature could be of another. */
function checkAll(root: Element): readonly Element[] {
  const all: Element[] = []
  const ids = new Set<string>()
  const visit = (element: Element, depth: number): void => {
    if (depth > maxDepth) throw new NotBelieved("answer_too_large")
    all.push(element)
    for (let place = 0; place < element.attributes.length; place++) {
      const { name, value } = element.attributes.item(place)!
      if (!/^(.*:)?id$/i.test(name)) continue
      if (ids.has(value)) throw new NotBelieved("odd_form")
      ids.add(value)
    }
    for (const child of childrenOf(element)) visit(child, depth + 1)
  }
  visit(root, 0)
  return all
}

/** The profile of SAML 2.0, core 5.4: one reference, to the element in which the signature stands. */
function checkSignature(element: Element, owners: readonly Element[]): void {
  const parent = owners.find((one) => one === element.parentNode)
  const id = parent?.getAttribute("ID")
  const [info, ...infos] = named(element, signature, "SignedInfo")
  const [reference, ...references] = info ? named(info, signature, "Reference") : []
  const method = (of: Element | undefined, name: string): string => {
    const [one, ...more] = of ? named(of, signature, name) : []
    return one && more.length === 0 ? (one.getAttribute("Algorithm") ?? "") : ""
  }
  const transforms = (reference ? named(reference, signature, "Transforms") : []).flatMap((one) =>
    childrenOf(one).map((of) => of.getAttribute("Algorithm")),
  )
  const isFormed =
    element.namespaceURI === signature &&
    infos.length + references.length === 0 &&
    id &&
    /^[\w.-]+$/.test(id) &&
    reference?.getAttribute("URI") === `#${id}` &&
    method(info, "CanonicalizationMethod") === canonical &&
    transforms.join(" ") === `${enveloped} ${canonical}`
  if (!isFormed) throw new NotBelieved("odd_signature")
  if (!signing.has(method(info, "SignatureMethod")) || !digests.has(method(reference, "DigestMethod")))
    throw new NotBelieved("weak_signature")
}

/** The elements in an element. */
export function childrenOf(element: Element): readonly Element[] {
  const found: Element[] = []
  for (let node = element.firstChild; node; node = node.nextSibling)
    if (node.nodeType === 1) found.push(node as Element)
  return found
}

/** Those of one name. */
export function named(element: Element, namespace: string, name: string): readonly Element[] {
  return childrenOf(element).filter((one) => one.localName === name && one.namespaceURI === namespace)
}

/** The text of an element that holds nothing else; null where there is none. */
export function textOf(element: Element | undefined): string | null {
  return element && childrenOf(element).length === 0 ? (element.textContent ?? "") : null
}
