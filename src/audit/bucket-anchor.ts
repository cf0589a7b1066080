/** An anchor that is an object store with the API of S3: an object for each head, written once and never over another. */
import { type AwsRequest, signForAws } from "../keys/sign-aws.ts"
import type { RemoteAnchor, SignedHead } from "./anchor.ts"
import { type Sent, send } from "./send.ts"

/** Best is a bucket with object lock, under credentials that may put and get objects, and not delete them. */
export interface BucketAnchorSettings {
  /** The bucket's address, with a folder where heads are not to lie at its top: `https://s3.eu-central-1.amazonaws.com/our-heads/clinic`. */
  readonly bucket: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** At most one head in this time; 60 unless given. */
  readonly everySeconds?: number
}

/** Objects are lines of an anchor's file, named by their sizes: `<bucket>/0000000000001042.json`. */
export function bucketAnchor(settings: BucketAnchorSettings, privateHosts: readonly string[]): RemoteAnchor {
  const base = new URL(settings.bucket.endsWith("/") ? settings.bucket : `${settings.bucket}/`)
  const ask = async (asked: AwsRequest): Promise<Sent> => {
    const headers = await signForAws(asked, { ...settings, service: "s3" })
    return send({ ...asked, headers, privateHosts })
  }
  return {
    name: `bucket ${base.host}${base.pathname}`,
    everySeconds: settings.everySeconds ?? 60,
    async put(head) {
      const url = new URL(`${String(head.size).padStart(16, "0")}.json`, base)
      const body = lineOf(head)
      const headers = { "content-type": "application/json", "if-none-match": "*" }
      const { status } = await ask({ method: "PUT", url, body, headers })
      if (status === 412) await checkSame(await ask({ method: "GET", url, body: "", headers: {} }), body)
      else if (status < 200 || status > 299) throw new Error(`it answered ${status}`)
      return null
    },
  }
}

function lineOf({ key, checkpoint }: SignedHead): string {
  return `${JSON.stringify({ key, checkpoint })}\n`
}

/** A former attempt may have reached the store; anything else there is another past. */
async function checkSame({ status, text }: Sent, body: string): Promise<void> {
  if (status !== 200)
    throw new Error(`it holds a head of this size already, and answered ${status} to show it`)
  if (text !== body) throw new Error("it holds another head of this size: a fork")
}
