/** What an identity provider's metadata says of it; the definition brings the text, and nothing is fetched. */
import { childrenOf, named, parseStrictly, protocol, textOf } from "./saml-form.ts"

/** Where a provider is, and how its word is known. */
export interface SamlPlace {
  /** The provider's entity ID, as its assertions name it, character by character. */
  readonly issuer: string
  /** Where it takes requests, by redirection. */
  readonly entryPoint: string
  /** By whose keys assertions are signed, in PEM: several while a key is replaced. */
  readonly certificates: readonly string[]
}

const namespace = "urn:oasis:names:tc:SAML:2.0:metadata"
const signature = "http://www.w3.org/2000/09/xmldsig#"
const redirection = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"

/** Null where the text is not the metadata of one provider of SAML 2.0; what it lacks is empty. */
export function readMetadata(text: string): SamlPlace | null {
  let root: Element
  try {
    // Its authors may write comments: nothing here is believed for being signed.
    root = parseStrictly(text.replace(/^\uFEFF/, "").replace(/<!--.*?-->/gs, ""))
  } catch {
    return null
  }
  const roles = named(root, namespace, "IDPSSODescriptor").filter((one) =>
    (one.getAttribute("protocolSupportEnumeration") ?? "").split(/\s+/).includes(protocol),
  )
  const [role] = roles
  if (root.localName !== "EntityDescriptor" || root.namespaceURI !== namespace || !role || roles.length > 1)
    return null
  const service = named(role, namespace, "SingleSignOnService").find(
    (one) => one.getAttribute("Binding") === redirection,
  )
  const certificates = named(role, namespace, "KeyDescriptor")
    .filter((one) => ["signing", ""].includes(one.getAttribute("use") ?? ""))
    .flatMap((one) => named(one, signature, "KeyInfo"))
    .flatMap((one) => named(one, signature, "X509Data"))
    .flatMap(childrenOf)
    .filter((one) => one.localName === "X509Certificate")
    .map((one) => toPem(textOf(one) ?? ""))
  return {
    issuer: root.getAttribute("entityID") ?? "",
    entryPoint: service?.getAttribute("Location") ?? "",
    certificates: [...new Set(certificates)],
  }
}

function toPem(base64: string): string {
  const lines = base64.replace(/\s/g, "").match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`
}
