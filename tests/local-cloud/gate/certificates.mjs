// What ACM checks of an import: that key and certificate belong together, and that a certificate is replaced only by one
// of its kind.
//
// https://docs.aws.amazon.com/acm/latest/userguide/import-reimport.html

import { X509Certificate, createPrivateKey } from 'node:crypto'

const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
/** Bits of the extension Key Usage (RFC 5280 §4.2.1.3). */
const KEY_ENCIPHERMENT = 2

/** Why ACM refuses an import; undefined if it takes it. `held`: the PEM text of the certificate with an ARN, if there is one. */
export async function refusal(parameters, held) {
  const certificate = read(() => new X509Certificate(pem(parameters.Certificate)))
  const key = read(() => createPrivateKey(pem(parameters.PrivateKey)))
  if (!certificate) return 'The certificate field contains more than one certificate or is not PEM-encoded.'
  if (!key) return 'The private key is not supported.'
  if (!certificate.checkPrivateKey(key)) return 'The private key does not match the public key of the certificate.'
  if (new Date(certificate.validTo) < new Date()) return 'The certificate has expired.'
  const before = parameters.CertificateArn && (await held(parameters.CertificateArn))
  return before && difference(new X509Certificate(before), certificate)
}

/** What of the certificate `after` keeps it from replacing `before`. */
export function difference(before, after) {
  const [was, is] = [keyKind(before), keyKind(after)]
  if (was !== is) return `The new certificate has a key of another kind (${is}) than the one that it replaces (${was}).`

  const lost = bits(keyUsage(before)).filter((bit) => !bits(keyUsage(after)).includes(bit))
  const needed = lost.filter((bit) => !(bit === KEY_ENCIPHERMENT && was.startsWith('ec')))
  if (needed.length > 0) return 'The new certificate lacks a Key Usage of the one that it replaces.'

  const [had, has] = [before.keyUsage ?? [], after.keyUsage ?? []]
  if (had.some((usage) => usage !== CLIENT_AUTH && !has.includes(usage))) {
    return 'The new certificate lacks an Extended Key Usage of the one that it replaces.'
  }
  const added =
    (had.length === 0 && has.length > 0) || (keyUsage(before) === undefined && keyUsage(after) !== undefined)
  return added ? 'The new certificate has a Key Usage where the one that it replaces has none.' : undefined
}

function keyKind(certificate) {
  const { asymmetricKeyType, asymmetricKeyDetails: details } = certificate.publicKey
  return `${asymmetricKeyType} ${details.namedCurve ?? details.modulusLength ?? ''}`.trim()
}

/** The bits of Key Usage, the first one highest; undefined without the extension. Node does not offer them. */
function keyUsage(certificate) {
  const oid = Buffer.from([0x06, 0x03, 0x55, 0x1d, 0x0f])
  const at = certificate.raw.indexOf(oid)
  if (at < 0) return undefined
  let rest = certificate.raw.subarray(at + oid.length)
  if (rest[0] === 0x01) rest = rest.subarray(3) // critical
  // OCTET STRING, in it BIT STRING: its length, the unused bits, the bits.
  return rest.subarray(5, 2 + rest[1])
}

const bits = (bytes) =>
  [...(bytes ?? [])].flatMap((byte, index) =>
    [...Array(8).keys()].filter((bit) => byte & (0x80 >> bit)).map((bit) => index * 8 + bit),
  )

const pem = (blob) => Buffer.from(blob, 'base64')

function read(parse) {
  try {
    return parse()
  } catch {
    return undefined
  }
}
