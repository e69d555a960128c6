// AWS's limits, at their edges.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { X509Certificate } from 'node:crypto'
import { after, test } from 'node:test'

import { difference, refusal } from './certificates.mjs'
import { Limits } from './limits.mjs'
import { Models } from './models.mjs'

const models = new Models(process.env.MODELS)
const route53 = models.service('route53')
const change = { operation: 'ChangeResourceRecordSets', parameters: { HostedZoneId: 'Z1' } }
const get = { operation: 'GetChange', parameters: { Id: 'C1' } }

function limited(set, held = 0) {
  let now = 0
  const emulator = {
    certificate: () => undefined,
    countCertificates: () => held,
    isInUse: (arn) => arn === 'arn:used',
    listenerCertificates: () => new Map(),
  }
  const limits = new Limits(emulator, () => now)
  limits.set(set)
  return { limits, pass: (seconds) => (now += seconds * 1000) }
}

test('Route 53 takes as many calls a second as are allowed, all operations together', async () => {
  const { limits, pass } = limited({ route53_calls_per_second: 2 })
  assert.equal(await limits.before(route53, change), undefined)
  assert.equal(await limits.before(route53, get), undefined)
  const third = await limits.before(route53, get)
  assert.match(third.body, /<Code>Throttling<\/Code><Message>Rate exceeded/)
  pass(1)
  assert.equal(await limits.before(route53, get), undefined)
})

test('a zone takes its next change when the one before is done', async () => {
  const { limits, pass } = limited({ prior_request_seconds: 3 })
  const other = { ...change, parameters: { HostedZoneId: 'Z2' } }
  assert.equal(await limits.before(route53, change), undefined)
  assert.match((await limits.before(route53, change)).body, /PriorRequestNotComplete/)
  assert.equal(await limits.before(route53, other), undefined)
  pass(3)
  assert.equal(await limits.before(route53, change), undefined)
})

test('a change is pending until its time', () => {
  const { limits, pass } = limited({ insync_seconds: 40 })
  const answer = (status) => ({
    status: 200,
    headers: {},
    body: `<ChangeInfo><Id>/change/C1</Id><Status>${status}</Status></ChangeInfo>`,
  })
  assert.match(limits.after(route53, change, answer('INSYNC')).body, /PENDING/)
  pass(39.9)
  assert.match(limits.after(route53, get, answer('INSYNC')).body, /PENDING/)
  pass(0.1)
  assert.match(limits.after(route53, get, answer('INSYNC')).body, /INSYNC/)
})

test('ACM takes so many imports a second, two at once, and says how many it has refused', async () => {
  const { limits, pass } = limited({ acm_imports_per_second: 1 })
  const acm = models.service('acm')
  const refused = async () => {
    const answer = await limits.before(acm, { operation: 'ImportCertificate', parameters: {} })
    return answer !== undefined && /Rate exceeded|Throttling/.test(answer.body)
  }
  assert.deepEqual([await refused(), await refused(), await refused()], [false, false, true])
  pass(1)
  assert.deepEqual([await refused(), await refused()], [false, true])
  const told = limits.control({ method: 'GET', path: '/_gate/limits' })
  assert.deepEqual(JSON.parse(told.body), { imports_refused: 2 })
})

test('an operation is throttled as often as a test says', async () => {
  const { limits } = limited({ throttle: [{ operation: 'kms:Encrypt', times: 1 }] })
  const kms = models.service('kms')
  assert.equal(JSON.parse((await limits.before(kms, { operation: 'Encrypt' })).body).__type, 'ThrottlingException')
  assert.equal(await limits.before(kms, { operation: 'Encrypt' }), undefined)
  assert.equal(await limits.before(kms, { operation: 'Decrypt' }), undefined)
})

test('a load balancer knows a certificate some time after ACM', async () => {
  const { limits, pass } = limited({ elb_delay_seconds: 5 })
  const elb = models.service('elasticloadbalancing')
  const ListenerArn = 'arn:aws:elasticloadbalancing:eu-central-1:000000000000:listener/app/edge/1/2'
  const parameters = { ListenerArn, Certificates: [{ CertificateArn: 'arn:1' }] }
  const add = { operation: 'AddListenerCertificates', parameters }
  const imported = { status: 200, headers: {}, body: '{"CertificateArn":"arn:1"}' }
  limits.after(models.service('acm'), { operation: 'ImportCertificate' }, imported)
  assert.match((await limits.before(elb, add)).body, /<Code>CertificateNotFound<\/Code>/)
  pass(5)
  assert.equal(await limits.before(elb, add), undefined)
})

test("ACM's quotas are reached by certificates and by imports, where a test sets them", async () => {
  const acm = models.service('acm')
  const { certificate: pem, key } = certificate('counted', P256)
  const attempt = async (limits, more) => {
    const call = { operation: 'ImportCertificate', parameters: importing(pem, key, more) }
    const refused = await limits.before(acm, call)
    if (refused) return JSON.parse(refused.body)
    limits.after(acm, call, { status: 200, headers: {}, body: '{"CertificateArn":"arn:1"}' })
    return undefined
  }
  const { limits: full } = limited({ quotas: { 'acm/L-D2CB7DE9': 2 } }, 2)
  const refused = await attempt(full)
  assert.equal(refused.__type, 'LimitExceededException')
  assert.match(refused.message, /limit of 2 imported certificates/)
  assert.equal(await attempt(full, { CertificateArn: 'arn:1' }), undefined, 'a renewal under its ARN is not one more')
  const { limits: yearly } = limited({ quotas: { 'acm/L-3808DC70': 2 } }, 9)
  assert.deepEqual([await attempt(yearly), await attempt(yearly, { CertificateArn: 'arn:1' })], [undefined, undefined])
  assert.match((await attempt(yearly, { CertificateArn: 'arn:1' })).message, /limit of 2 certificates imported in the last/)
  const { limits: unlimited } = limited({}, 9999)
  assert.equal(await attempt(unlimited), undefined, 'no test has set them')
})

test('a certificate that a listener has is not deleted', async () => {
  const { limits } = limited({})
  const remove = (CertificateArn) =>
    limits.before(models.service('acm'), { operation: 'DeleteCertificate', parameters: { CertificateArn } })
  assert.equal(JSON.parse((await remove('arn:used')).body).__type, 'ResourceInUseException')
  assert.equal(await remove('arn:idle'), undefined)
})

// --- ACM's rules ------------------------------------------------------------------------------------------------

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gate-'))
after(() => fs.rmSync(folder, { recursive: true }))

function certificate(name, key, ...extensions) {
  const [keyFile, file] = [path.join(folder, `${name}.key`), path.join(folder, `${name}.pem`)]
  const more = extensions.flatMap((extension) => ['-addext', extension])
  const made = [
    'req',
    '-x509',
    '-newkey',
    ...key,
    '-nodes',
    '-subj',
    `/CN=${name}`,
    '-keyout',
    keyFile,
    '-out',
    file,
    ...more,
  ]
  execFileSync('openssl', made, { stdio: 'ignore' })
  return { certificate: fs.readFileSync(file), key: fs.readFileSync(keyFile) }
}

const P256 = ['ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
const P384 = ['ec', '-pkeyopt', 'ec_paramgen_curve:secp384r1']
const importing = (certificate, key, more) => ({
  Certificate: certificate.toString('base64'),
  PrivateKey: key.toString('base64'),
  ...more,
})

test("a key that is not the certificate's is refused", async () => {
  const [one, other] = [certificate('one', P256), certificate('other', P256)]
  const none = () => undefined
  assert.equal(await refusal(importing(one.certificate, one.key), none), undefined)
  assert.match(await refusal(importing(one.certificate, other.key), none), /does not match/)
  assert.match(await refusal(importing(Buffer.from('no PEM'), one.key), none), /not PEM-encoded/)
})

test('a certificate is replaced by one of its kind alone', () => {
  const usage = (...names) => `keyUsage=${names.join(',')}`
  const extended = (...names) => `extendedKeyUsage=${names.join(',')}`
  const made = (name, key, ...extensions) => new X509Certificate(certificate(name, key, ...extensions).certificate)
  const both = made('both', P256, usage('digitalSignature', 'keyEncipherment'), extended('serverAuth', 'clientAuth'))
  const server = made('server', P256, usage('digitalSignature'), extended('serverAuth'))
  const client = made('client', P256, usage('digitalSignature'), extended('clientAuth'))
  const agreement = made('agreement', P256, usage('keyAgreement'), extended('serverAuth'))
  assert.equal(difference(both, both), undefined)
  assert.equal(difference(both, server), undefined, 'client authentication and key encipherment may go')
  assert.match(difference(both, client), /Extended Key Usage/)
  assert.match(difference(server, agreement), /lacks a Key Usage/)
  assert.match(
    difference(server, made('larger', P384, usage('digitalSignature'), extended('serverAuth'))),
    /another kind/,
  )
  assert.match(difference(made('plain', P256), server), /where the one that it replaces has none/)
})

test('a load balancer takes as many certificates as its quota, whichever of its listeners has them', async () => {
  const balancer = 'arn:aws:elasticloadbalancing:eu-central-1:000000000000:loadbalancer/app/edge/1'
  const listener = (id) => `${balancer.replace(':loadbalancer/', ':listener/')}/${id}`
  const held = new Map([
    [listener('a'), ['one']],
    [listener('b'), ['two']],
  ])
  const limits = new Limits({ listenerCertificates: (arn) => (arn === balancer ? held : new Map()) })
  const elb = models.service('elasticloadbalancing')
  const add = (to, arn) =>
    limits.before(elb, {
      operation: 'AddListenerCertificates',
      parameters: { ListenerArn: listener(to), Certificates: [{ CertificateArn: arn }] },
    })
  assert.equal(await add('a', 'three'), undefined, 'AWS gives 25')
  limits.set({ quotas: { 'elasticloadbalancing/L-9365A611': 2 } })
  assert.match((await add('a', 'three')).body, /<Code>TooManyCertificates</)
  assert.match((await add('b', 'one')).body, /TooManyCertificates/, 'on another listener it is one more')
  assert.equal(await add('a', 'one'), undefined, 'it is there')
  limits.set({ quotas: { 'elasticloadbalancing/L-9365A611': 3 } })
  assert.equal(await add('a', 'three'), undefined)
})

test('a quota is what was granted, else the default of AWS', async () => {
  const limits = new Limits({})
  const quotas = models.service('servicequotas')
  const ask = async (QuotaCode) => {
    const call = { operation: 'GetServiceQuota', parameters: { ServiceCode: 'acm', QuotaCode } }
    return JSON.parse((await limits.before(quotas, call)).body)
  }
  assert.equal((await ask('L-D2CB7DE9')).Quota.Value, 2500)
  limits.set({ quotas: { 'acm/L-D2CB7DE9': 10000 } })
  assert.equal((await ask('L-D2CB7DE9')).Quota.Value, 10000)
  assert.equal((await ask('L-00000000')).__type, 'NoSuchResourceException')
})
