// The gate before the emulators: every AWS call of every function comes here, and goes on only if AWS would take it.

import http from 'node:http'

import { asked } from './actions.mjs'
import { denied, error, invalid } from './answers.mjs'
import { Malformed, decode, scope } from './decode.mjs'
import { Meter } from './meter.mjs'
import { ELSEWHERE } from './record.mjs'
import { problems } from './validate.mjs'

/** Services that moto has, and ministack only pretends to have. */
const OF_MOTO = ['acm', 'elasticloadbalancing', 'sts']

export class Gate {
  #options
  #models
  #emulator
  #iam
  #record
  #limits
  #meter
  /** Sessions of roles that were assumed through here, by their keys. */
  #sessions = new Map()
  #agent = new http.Agent({ keepAlive: true, noDelay: true })

  /** `options`: `aws` and `acm`, base URLs of the emulators, and the stack's `account`. */
  constructor(options, { models, emulator, iam, record, limits, meter = new Meter() }) {
    this.#options = options
    this.#models = models
    this.#emulator = emulator
    this.#iam = iam
    this.#record = record
    this.#limits = limits
    this.#meter = meter
  }

  /** Answers one request: `{ status, headers, body }`. `request` as `decode` takes it. */
  async answer(request) {
    const signed = scope(request.headers)
    const service = signed && this.#models.service(signed.service)
    if (!service) {
      this.#refused({
        kind: 'malformed',
        role: signed?.key,
        request: `${request.method} ${request.path}`,
        why: 'no signature of a service of AWS',
      })
      return {
        status: 403,
        headers: { 'content-type': 'application/json' },
        body: '{"message":"Missing Authentication Token"}',
      }
    }
    let call
    try {
      call = decode(service, request)
    } catch (error) {
      if (!(error instanceof Malformed)) throw error
      return this.#malformed(service, signed, undefined, error.message)
    }
    const wrong = [
      ...call.unknown.map((name) => `${name} is not known`),
      ...problems(service, call.operation, call.parameters),
    ]
    if (wrong.length > 0) return this.#malformed(service, signed, call, wrong.join('; '))

    const unread = call.operation === 'AssumeRole' ? unreadable(call.parameters) : undefined
    if (unread) return this.#malformed(service, signed, call, unread)

    const refused = await this.#refusal(service, signed, call)
    if (refused) return refused
    const limited = await this.#limits.before(service, call)
    if (limited) return limited
    const keepTags = call.operation === 'ImportCertificate' ? await this.#tagsAround(call.parameters) : () => undefined
    const answer = await this.#pass(service, this.#meter.asking(service, call, request))
    this.#meter.took(service, call, signed.key, answer)
    await keepTags()
    if (service.signed === 'sts' && call.operation === 'AssumeRole') this.#remember(call.parameters, answer)
    return this.#limits.after(service, call, answer)
  }

  /** A certificate keeps its tags when another is imported in its place; moto forgets them. */
  async #tagsAround({ CertificateArn: arn }) {
    const tags = arn ? await this.#emulator.certificateTags(arn) : []
    return () => tags.length > 0 && this.#emulator.tagCertificate(arn, tags)
  }

  #malformed(service, signed, call, why) {
    const operation = `${service.prefix}:${call?.operation ?? '?'}`
    this.#refused({ kind: 'malformed', role: signed.key, function: signed.token, operation, why })
    return invalid(service, why)
  }

  async #refusal(service, signed, call) {
    const session = this.#sessions.get(signed.key)
    const account = session ? session.arn.split(':')[4] : this.#options.account
    const caller = session
      ? {
          account,
          region: signed.region,
          arn: session.arn,
          role: session.arn.split('/').at(-1),
          session: session.name,
          policy: session.policy,
        }
      : { account, region: signed.region, role: signed.key, session: signed.token ?? '' }
    const about = { account, region: signed.region, lookUp: this.#emulator }
    const all = await asked(service, call.operation, call.parameters, about)
    const operation = `${service.prefix}:${call.operation}`
    if (!all) {
      const why = `actions.mjs does not say what IAM is asked about ${operation}`
      this.#refused({ kind: 'unknown', role: signed.key, function: signed.token, operation, why })
      return denied(service, why)
    }
    for (const one of all) {
      const why = await this.#iam.refusal(caller, one)
      if (why) {
        this.#refused({
          kind: 'denied',
          role: signed.key,
          function: signed.token,
          operation,
          why,
          context: one.context,
        })
        return denied(service, why)
      }
      this.#record.used(session ? ELSEWHERE : caller.role, one.action)
    }
    return undefined
  }

  #refused(refusal) {
    this.#record.refused(refusal)
  }

  #remember(parameters, answer) {
    const key = /<AccessKeyId>([^<]+)</.exec(answer.body.toString())
    const { RoleArn: arn, RoleSessionName: name, Policy: policy } = parameters
    if (key) this.#sessions.set(key[1], { arn, name, policy: policy && JSON.parse(policy) })
  }

  /** As it came, with its Host: signatures cover it. */
  #pass(service, { method, path, headers, body }) {
    const upstream = new URL(OF_MOTO.includes(service.signed) ? this.#options.acm : this.#options.aws)
    return new Promise((resolve, reject) => {
      const options = { agent: this.#agent, method, path, headers, host: upstream.hostname, port: upstream.port }
      const passed = http.request(options, (response) => {
        const chunks = []
        response.on('data', (chunk) => chunks.push(chunk))
        response.on('end', () =>
          resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }),
        )
        response.on('error', reject)
      })
      passed.on('error', reject)
      passed.end(body)
    })
  }

  /** Serves on loopback. Resolves when it listens. */
  listen(port) {
    const server = http.createServer((incoming, outgoing) => {
      const chunks = []
      incoming.on('data', (chunk) => chunks.push(chunk))
      incoming.on('end', async () => {
        const request = {
          method: incoming.method,
          path: incoming.url,
          headers: incoming.headers,
          body: Buffer.concat(chunks),
        }
        const answer = await this.#answered(request)
        const { 'transfer-encoding': _, connection: __, ...headers } = answer.headers
        if (incoming.method !== 'HEAD' && answer.status !== 204)
          headers['content-length'] = Buffer.byteLength(answer.body)
        outgoing.writeHead(answer.status, headers).end(answer.body)
      })
    })
    server.keepAliveTimeout = 60_000
    return new Promise((resolve, reject) =>
      server.once('error', reject).listen(port, '127.0.0.1', () => resolve(server)),
    )
  }

  async #answered(request) {
    try {
      return this.#meter.control(request) ?? this.#limits.control(request) ?? (await this.answer(request))
    } catch (cause) {
      // An emulator that is gone, or a fault of the gate's: told, so that no test takes it for AWS.
      this.#refused({ kind: 'broken', request: `${request.method} ${request.path}`, why: cause.stack ?? String(cause) })
      return error({ protocol: 'json' }, 'InternalFailure', String(cause), 500)
    }
  }
}

/** Why a session's policy cannot be evaluated; undefined if it can, or there is none. */
function unreadable({ Policy: policy, PolicyArns: managed }) {
  if (managed?.length > 0) return 'PolicyArns: managed policies of a session are not known here'
  try {
    if (policy !== undefined) JSON.parse(policy)
    return undefined
  } catch (error) {
    return `Policy is no JSON: ${error.message}`
  }
}
