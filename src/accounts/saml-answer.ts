/** What an identity provider says of somebody, read from the bytes that it signed, for the sign-in that asked and for no other. */
import { createHash } from "node:crypto"
import type { SAML } from "@node-saml/node-saml"
import {
  childrenOf,
  NotBelieved,
  named,
  assertion as namespace,
  parseStrictly,
  protocol,
  readForm,
  textOf,
} from "./saml-form.ts"
import type { SamlPlace } from "./saml-metadata.ts"
import type { SamlRules } from "./saml-settings.ts"

/** A provider with the addresses at which this backend is known to it. */
export interface KnownSaml extends SamlRules, SamlPlace {
  readonly id: string
  readonly entityId: string
  readonly acs: string
}

/** Who somebody is there. */
export interface SamlAnswer {
  readonly subject: string
  readonly assertion: string
  readonly email: string | null
  readonly name: string
  readonly contexts: readonly string[]
}

const persistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
const bearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
const success = "urn:oasis:names:tc:SAML:2.0:status:Success"
const skewMs = 30_000
const ageMs = 10 * 60_000
const emailNames = [
  "email",
  "mail",
  "urn:oid:0.9.2342.19200300.100.1.3",
  "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
]
const displayNames = [
  "displayName",
  "name",
  "urn:oid:2.16.840.1.113730.3.1.241",
  "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
]

/** The request of a sign-in: its ID is made from the state that the browser's cookie holds, so an answer fits one browser's sign-in. */
export function requestOf(state: string): string {
  return `_${createHash("sha256").update(`saml:${state}`).digest("hex")}`
}

/** The library's view of a provider. It is loaded when somebody comes: few backends need its twenty megabytes. */
export async function clientOf(
  setting: KnownSaml,
  request: string,
  isResponseSigned: boolean = false,
): Promise<SAML> {
  const { SAML, ValidateInResponseTo } = await import("@node-saml/node-saml")
  const { entryPoint, certificates, entityId, acs, key } = setting
  return new SAML({
    entryPoint,
    issuer: entityId,
    audience: entityId,
    callbackUrl: acs,
    idpCert: [...certificates],
    identifierFormat: persistent,
    wantAssertionsSigned: true,
    wantAuthnResponseSigned: isResponseSigned,
    acceptedClockSkewMs: skewMs,
    maxAssertionAgeMs: ageMs,
    disableRequestedAuthnContext: true,
    // It would be kept in memory; here the state says it, which PostgreSQL has.
    validateInResponseTo: ValidateInResponseTo.never,
    generateUniqueId: () => request,
    ...(key
      ? {
          privateKey: key.privateKey,
          publicCert: key.certificate,
          signatureAlgorithm: "sha256" as const,
          digestAlgorithm: "sha256",
        }
      : {}),
  })
}

/** Throws `NotBelieved` where the answer is not this provider's, for this backend, of now and to this request. */
export async function believe(encoded: string, setting: KnownSaml, request: string): Promise<SamlAnswer> {
  const { root, isSigned } = readForm(encoded)
  checkResponse(root, setting, request, isSigned)
  const client = await clientOf(setting, request, isSigned)
  const { profile } = await client
    .validatePostResponseAsync({ SAMLResponse: encoded })
    .catch((error: unknown) => {
      throw new NotBelieved(reasonOf(error))
    })
  const signed = profile?.getAssertionXml?.()
  if (signed === undefined) throw new NotBelieved("not_signed")
  return readAssertion(parseStrictly(signed), setting, request)
}

/** The library's messages hold values of the answer. */
function reasonOf(error: unknown): string {
  const { message } = error as Error
  if (/expired|not yet valid|NotOnOrAfter|NotBefore/.test(message)) return "wrong_time"
  return /audience/i.test(message) ? "wrong_audience" : "wrong_signature"
}

/** It may not be signed: what it says can refuse an answer, and nothing more. */
function checkResponse(root: Element, { issuer, acs }: KnownSaml, request: string, isSigned: boolean): void {
  const [status] = named(root, protocol, "Status").flatMap((one) => named(one, protocol, "StatusCode"))
  const destination = root.getAttribute("Destination") || null
  const [said] = named(root, namespace, "Issuer")
  if (root.getAttribute("InResponseTo") !== request) throw new NotBelieved("wrong_request")
  if (destination !== acs && (destination !== null || isSigned)) throw new NotBelieved("wrong_recipient")
  if (said && textOf(said) !== issuer) throw new NotBelieved("wrong_issuer")
  if (status?.getAttribute("Value") !== success) throw new NotBelieved("provider_error")
  if (named(root, namespace, "Assertion").length !== 1) throw new NotBelieved("not_signed")
}

/** The signed bytes; signature, audience and times the library has looked at. */
function readAssertion(root: Element, setting: KnownSaml, request: string): SamlAnswer {
  const one = (of: Element, name: string): Element => {
    const [found, ...more] = named(of, namespace, name)
    if (!found || more.length > 0) throw new NotBelieved("odd_form")
    return found
  }
  const assertion = root.getAttribute("ID")
  if (root.localName !== "Assertion" || root.namespaceURI !== namespace || !assertion)
    throw new NotBelieved("odd_form")
  if (textOf(one(root, "Issuer")) !== setting.issuer) throw new NotBelieved("wrong_issuer")
  const subject = one(root, "Subject")
  checkConfirmation(one(subject, "SubjectConfirmation"), setting, request)
  checkConditions(one(root, "Conditions"))
  const statements = named(root, namespace, "AuthnStatement")
  if (statements.length === 0) throw new NotBelieved("not_authenticated")
  for (const statement of statements) {
    const end = statement.getAttribute("SessionNotOnOrAfter")
    if (end && !isLater(end)) throw new NotBelieved("wrong_time")
  }
  const contexts = statements
    .flatMap((statement) => named(statement, namespace, "AuthnContext"))
    .flatMap((context) => named(context, namespace, "AuthnContextClassRef"))
    .flatMap((context) => textOf(context) ?? [])
  const read = createReadAttribute(root)
  const { email, name } = setting.attributes ?? {}
  return {
    subject: readSubject(one(subject, "NameID"), setting),
    assertion,
    email: read(email ? [email] : emailNames),
    name: read(name ? [name] : displayNames) ?? "",
    contexts,
  }
}

/** SAML 2.0, core 8.3.7: of all identifiers this alone is never somebody else's one day. */
function readSubject(element: Element, { issuer, entityId }: KnownSaml): string {
  const subject = textOf(element)
  if (element.getAttribute("Format") !== persistent) throw new NotBelieved("name_id_not_persistent")
  const isOurs =
    [issuer, ""].includes(element.getAttribute("NameQualifier") ?? "") &&
    [entityId, ""].includes(element.getAttribute("SPNameQualifier") ?? "")
  if (!isOurs || subject === null || !/^[^\s\p{C}]{1,255}$/u.test(subject))
    throw new NotBelieved("odd_name_id")
  return subject
}

/** SAML 2.0, profiles 4.1.4.2: for this address, for this request, for a while. */
function checkConfirmation(element: Element, { acs }: KnownSaml, request: string): void {
  const [data, ...more] = named(element, namespace, "SubjectConfirmationData")
  if (!data || more.length > 0 || element.getAttribute("Method") !== bearer) throw new NotBelieved("odd_form")
  if (data.getAttribute("Recipient") !== acs) throw new NotBelieved("wrong_recipient")
  if (data.getAttribute("InResponseTo") !== request) throw new NotBelieved("wrong_request")
  if (data.hasAttribute("NotBefore") || !isLater(data.getAttribute("NotOnOrAfter")))
    throw new NotBelieved("wrong_time")
}

const known: ReadonlySet<string> = new Set(["AudienceRestriction", "OneTimeUse", "ProxyRestriction"])

/** SAML 2.0, core 2.5.1.1: an answer with a condition that nobody here understands is not valid. */
function checkConditions(element: Element): void {
  if (!isLater(element.getAttribute("NotOnOrAfter"))) throw new NotBelieved("wrong_time")
  if (childrenOf(element).some((one) => one.namespaceURI !== namespace || !known.has(one.localName)))
    throw new NotBelieved("unknown_condition")
}

function isLater(time: string | null): boolean {
  // With a zone: without one it would be this server's.
  return /T.*Z$/.test(time ?? "") && Date.parse(time!) + skewMs > Date.now()
}

/** The one value of the first attribute that is there; several values are none. */
function createReadAttribute(root: Element): (names: readonly string[]) => string | null {
  const attributes = named(root, namespace, "AttributeStatement").flatMap((one) =>
    named(one, namespace, "Attribute"),
  )
  return (names) => {
    for (const name of names) {
      const values = attributes
        .filter((one) => one.getAttribute("Name") === name)
        .flatMap((one) => named(one, namespace, "AttributeValue"))
      if (values.length > 0) return values.length === 1 ? textOf(values[0]) : null
    }
    return null
  }
}
