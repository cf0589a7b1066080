/** What a definition says about SAML: which identity providers are believed, and about whom. */

import { createPrivateKey, X509Certificate } from "node:crypto"
import { UndercroftError } from "../base/errors.ts"
import { isSafeAddress, knownIssuers, type OAuthSettings, reserved } from "./oauth-settings.ts"
import { readMetadata, type SamlPlace } from "./saml-metadata.ts"

/** What a provider is believed about, and as whom it knows this backend. */
export interface SamlRules {
  /** As people read it. */
  readonly name: string
  /**
   * The domains whose mailboxes this provider hands out: it vouches for every address of theirs and signs in nobody else; and no
   * other provider signs in anybody of theirs. SAML has no word for a verified address, so it can't be left out.
   */
  readonly domains: readonly string[]
  /** The id of the organization whose sign-on it is: whoever comes by it for the first time becomes a member. */
  readonly organization?: string
  /** Whether those whom nobody knows here yet come in, also where `accounts.signUp` is closed. */
  readonly signUp?: boolean
  /** What this backend calls itself there; the address of its metadata unless given. */
  readonly entityId?: string
  /** Signs requests, where the provider wants that; both in PEM. */
  readonly key?: { readonly privateKey: string; readonly certificate: string }
  /** The names of the attributes that hold address and name; the usual ones unless given. */
  readonly attributes?: { readonly email?: string; readonly name?: string }
  /** The authentication contexts (AuthnContextClassRef) that count as two factors; none unless given. */
  readonly twoFactor?: readonly string[]
}

/**
 * An organization's own sign-on by SAML 2.0: by its `metadata`, the XML as text, or by what stands in there. This backend's own
 * metadata is `<url>/auth/saml/<id>/metadata`, and answers are posted to `<url>/auth/saml/<id>/acs`.
 */
export type SamlProvider = SamlRules & (SamlPlace | { readonly metadata: string })

/** By id, which stands in paths: small letters, digits and hyphens. */
export type SamlSettings = Readonly<Record<string, SamlProvider>>

/** Throws UC936 where the settings would believe whom they should not. `oauth` stands beside them. */
export function checkSaml(saml: SamlSettings, oauth: OAuthSettings, hasOrganizations: boolean): void {
  const others = knownIssuers(oauth)
  const owners = new Map(others.flatMap(({ id, domains = [] }) => domains.map((one) => [one, id])))
  for (const [id, setting] of Object.entries(saml)) {
    const refuse = (why: string): never => {
      throw new UndercroftError("UC936", { why: `'${id}': ${why}` })
    }
    const place = placeOf(setting) ?? refuse("its `metadata` is not that of one SAML 2.0 identity provider")
    const { issuer, entryPoint, certificates } = place
    const { domains, organization, key, entityId } = setting
    if (!/^[a-z][a-z0-9-]{0,39}$/.test(id)) refuse("an id has small letters, digits and hyphens")
    if (reserved.has(id) || others.some((one) => one.id === id)) refuse("this id is taken")
    if (!isText(issuer)) refuse("its `issuer` is the provider's entity ID")
    if (entityId !== undefined && !isText(entityId)) refuse("its `entityId` is no name")
    if (!isSafeAddress(entryPoint)) refuse("its `entryPoint` is no https address")
    if (certificates.length === 0) refuse("it has no `certificates`")
    for (const one of certificates) if (!isGoodCertificate(one)) refuse(badCertificate)
    if (key && !isPair(key)) refuse("its `key` is no private key with the certificate that belongs to it")
    if (organization !== undefined && !hasOrganizations) refuse("`organizations` are not switched on")
    if (domains.length === 0) refuse("it has no `domains`")
    for (const domain of domains) {
      if (!/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(domain)) refuse(`'${domain}' is no domain in small letters`)
      if (owners.has(domain)) refuse(`'${domain}' belongs to '${owners.get(domain)}'`)
      owners.set(domain, id)
    }
  }
  const issuers = Object.values(saml).map((one) => placeOf(one)?.issuer)
  if (new Set(issuers).size < issuers.length)
    throw new UndercroftError("UC936", { why: "two have the same `issuer`" })
}

/** Where a provider is, from its metadata or from beside it. */
export function placeOf(setting: SamlProvider): SamlPlace | null {
  return "metadata" in setting ? readMetadata(setting.metadata) : setting
}

const badCertificate = "its `certificates` are X.509 in PEM, with RSA keys of at least 2048 bits"

function isText(text: string): boolean {
  return /^[\x21-\x7e]{1,1024}$/.test(text)
}

function isGoodCertificate(pem: string): boolean {
  try {
    const { publicKey } = new X509Certificate(pem)
    return publicKey.asymmetricKeyType === "rsa" && publicKey.asymmetricKeyDetails!.modulusLength! >= 2048
  } catch {
    return false
  }
}

function isPair({ privateKey, certificate }: { privateKey: string; certificate: string }): boolean {
  try {
    return (
      isGoodCertificate(certificate) &&
      new X509Certificate(certificate).checkPrivateKey(createPrivateKey(privateKey))
    )
  } catch {
    return false
  }
}
