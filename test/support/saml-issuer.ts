/** A SAML identity provider for tests: it tells of whom it is told to, and forges what it is told to. */
import type { KeyObject } from "node:crypto"
import { inflateRawSync } from "node:zlib"
import { SignedXml } from "xml-crypto"
import type { SamlPlace } from "../../src/accounts/saml-metadata.ts"
import { makeCertificate, type TestCertificate } from "./certificate.ts"
import type { Person, PersonAnswer } from "./people.ts"

export type TestSaml = TestCertificate & { readonly setting: SamlPlace & { readonly name: string } }

/** What an answer says, each part in place of what would be right; null leaves it out. */
export interface Said {
  readonly issuer?: string
  readonly audience?: string | null
  readonly recipient?: string
  readonly destination?: string | null
  readonly request?: string
  readonly confirmedTo?: string
  readonly subject?: string
  readonly format?: string
  readonly email?: string | readonly string[]
  readonly status?: string
  readonly context?: string
  readonly condition?: string
  /** Seconds from now. */
  readonly from?: number
  readonly until?: number
  readonly confirmedUntil?: number | null
}

export interface SamlForging {
  readonly said?: Said
  readonly key?: KeyObject
  readonly signs?: readonly ("Assertion" | "Response")[]
  readonly algorithm?: string
  readonly digest?: string
  readonly before?: (xml: string) => string
  readonly after?: (xml: string) => string
}

export interface Posted {
  readonly url: string
  readonly fields: Readonly<Record<string, string>>
}

const namespace = "urn:oasis:names:tc:SAML:2.0"
const xmldsig = "http://www.w3.org/2000/09/xmldsig#"
const canonical = "http://www.w3.org/2001/10/xml-exc-c14n#"
export const strong: string = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
const sha256 = "http://www.w3.org/2001/04/xmlenc#sha256"
export const persistent: string = `${namespace}:nameid-format:persistent`

/** One with a key of its own. */
export function makeTestSaml(name: string): TestSaml {
  const made = makeCertificate()
  const issuer = `https://${name}.example/saml`
  const setting = { name, issuer, entryPoint: `${issuer}/sso?a=1`, certificates: [made.certificate] }
  return { ...made, setting }
}

/** The same provider, as its metadata tell of it. */
export function metadataOf({ setting }: TestSaml): string {
  const certificate = setting.certificates[0]!.replace(/-----.*-----/g, "")
  return `<?xml version="1.0" encoding="UTF-8"?><!-- made by hand --><md:EntityDescriptor xmlns:md="${namespace}:metadata" entityID="${setting.issuer}"><md:IDPSSODescriptor protocolSupportEnumeration="${namespace}:protocol"><md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="${xmldsig}"><ds:X509Data><ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor><md:KeyDescriptor use="encryption"/><md:SingleSignOnService Binding="${namespace}:bindings:HTTP-POST" Location="https://post.example"/><md:SingleSignOnService Binding="${namespace}:bindings:HTTP-Redirect" Location="${setting.entryPoint}"/></md:IDPSSODescriptor></md:EntityDescriptor>`
}

/** Begins a sign-in; gives the place of the provider to which the browser is sent. */
export async function beginSaml(
  person: Person,
  id: string = "one",
  query: string = "?callbackURL=/home",
): Promise<URL> {
  const answer = await person.get(`/saml/${id}/sign-in${query}`)
  if (answer.status !== 302) throw new Error(answer.text)
  return new URL(answer.headers.get("location")!)
}

/** The request that an address of the provider holds. */
export function requestIn(url: URL): string {
  return inflateRawSync(Buffer.from(url.searchParams.get("SAMLRequest")!, "base64")).toString()
}

/** What the provider's page would post. */
export function answerTo(
  { setting, privateKey }: TestSaml,
  url: URL,
  person: Person,
  forging: SamlForging = {},
): Posted {
  const request = requestIn(url)
  const of = (name: RegExp): string => name.exec(request)![1]!
  const acs = of(/AssertionConsumerServiceURL="([^"]+)"/)
  const plain = write(
    {
      issuer: setting.issuer,
      audience: of(/Issuer[^>]*>([^<]+)</),
      recipient: acs,
      destination: acs,
      request: of(/ ID="([^"]+)"/),
      subject: `subject-of-${person.email}`,
      email: person.email,
      ...forging.said,
    },
    `_${crypto.randomUUID()}`,
  )
  let xml = forging.before?.(plain) ?? plain
  for (const one of forging.signs ?? ["Assertion"]) xml = signed(xml, one, forging.key ?? privateKey, forging)
  xml = forging.after?.(xml) ?? xml
  const SAMLResponse = Buffer.from(xml).toString("base64")
  return { url: acs, fields: { SAMLResponse, RelayState: url.searchParams.get("RelayState")! } }
}

/** As a page of another site posts: no cookies of this one. Then the browser follows. */
export async function deliver(person: Person, { url, fields }: Posted): Promise<PersonAnswer> {
  const answer = await post(url, fields)
  const place = answer.headers.get("location")
  if (place?.includes("/callback/")) return person.get(place)
  return { status: answer.status, headers: answer.headers, text: await answer.text(), json: undefined }
}

/** The post alone. */
export function post(url: string, fields: Readonly<Record<string, string>>): Promise<Response> {
  return fetch(url, {
    method: "POST",
    redirect: "manual",
    headers: { origin: "https://one.example", "sec-fetch-site": "cross-site", "sec-fetch-dest": "document" },
    body: new URLSearchParams(fields),
  })
}

function write(said: Said, id: string): string {
  const time = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString()
  const attribute = (name: string, value: string | null | undefined): string =>
    value === null || value === undefined ? "" : ` ${name}="${value}"`
  const { audience, condition = "", email, from = -5, until = 300, confirmedUntil = 300 } = said
  const values = [email].flat().map((one) => `<saml:AttributeValue>${one}</saml:AttributeValue>`)
  const audiences =
    audience === null
      ? ""
      : `<saml:AudienceRestriction><saml:Audience>${audience}</saml:Audience></saml:AudienceRestriction>`
  return `<samlp:Response xmlns:samlp="${namespace}:protocol" xmlns:saml="${namespace}:assertion" ID="_r${id}" Version="2.0" IssueInstant="${time(0)}" InResponseTo="${said.request}"${attribute("Destination", said.destination)}><saml:Issuer>${said.issuer}</saml:Issuer><samlp:Status><samlp:StatusCode Value="${said.status ?? `${namespace}:status:Success`}"/></samlp:Status><saml:Assertion ID="${id}" Version="2.0" IssueInstant="${time(0)}"><saml:Issuer>${said.issuer}</saml:Issuer><saml:Subject><saml:NameID Format="${said.format ?? persistent}">${said.subject}</saml:NameID><saml:SubjectConfirmation Method="${namespace}:cm:bearer"><saml:SubjectConfirmationData Recipient="${said.recipient}" InResponseTo="${said.confirmedTo ?? said.request}"${attribute("NotOnOrAfter", confirmedUntil === null ? null : time(confirmedUntil))}/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="${time(from)}" NotOnOrAfter="${time(until)}">${audiences}${condition}</saml:Conditions><saml:AuthnStatement AuthnInstant="${time(0)}"><saml:AuthnContext><saml:AuthnContextClassRef>${said.context ?? `${namespace}:ac:classes:Password`}</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement><saml:Attribute Name="email">${values.join("")}</saml:Attribute><saml:Attribute Name="displayName"><saml:AttributeValue>Some Body</saml:AttributeValue></saml:Attribute></saml:AttributeStatement></saml:Assertion></samlp:Response>`
}

function signed(xml: string, name: string, key: KeyObject, { algorithm, digest }: SamlForging): string {
  const signer = new SignedXml({
    privateKey: key.export({ type: "pkcs8", format: "pem" }),
    signatureAlgorithm: algorithm ?? strong,
    canonicalizationAlgorithm: canonical,
  })
  const xpath = `//*[local-name(.)='${name}']`
  signer.addReference({
    xpath,
    transforms: [`${xmldsig}enveloped-signature`, canonical],
    digestAlgorithm: digest ?? sha256,
  })
  signer.computeSignature(xml, {
    location: { reference: `${xpath}/*[local-name(.)='Issuer']`, action: "after" },
  })
  return signer.getSignedXml()
}
