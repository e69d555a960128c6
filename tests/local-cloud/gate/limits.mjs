// Limits that AWS has and the emulators do not, as a test sets them; and the rules of ACM and the quotas of load
// balancers, which always hold. ACM's quotas hold where a test sets them.

import { refusal } from './certificates.mjs'
import { error, throttled } from './answers.mjs'

const CONTROL = '/_gate/'

/** Quotas by service and code, as AWS gives them to every account; a test may grant others. */
const QUOTAS = {
  'acm/L-D2CB7DE9': { QuotaName: 'Imported certificates', Value: 2500 },
  'acm/L-3808DC70': { QuotaName: 'Imported certificates in last 365 days', Value: 5000 },
  'elasticloadbalancing/L-9365A611': { QuotaName: 'Certificates per Application Load Balancer', Value: 25 },
  'elasticloadbalancing/L-52964454': { QuotaName: 'Certificates per Network Load Balancer', Value: 25 },
}

export class Limits {
  /** What a test has set: see `AwsLimits` in ../src/gate.rs, which describes each. */
  #set = {}
  #calls = []
  #imports = []
  #importTokens
  #importsRefused = 0
  /** Imports that ACM has taken, re-imports among them: AWS does not say whether those count. */
  #imported = 0
  /** Times by what happened then: the last change of a zone, the acceptance of a change, the import of a certificate. */
  #times = new Map()
  #emulator
  #now

  constructor(emulator, now = Date.now) {
    this.#emulator = emulator
    this.#now = now
  }

  /** The answer to the local cloud itself; undefined if the request is meant for AWS. */
  control(request) {
    if (!request.path.startsWith(CONTROL)) return undefined
    const answer = (body) => ({ status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
    if (request.method === 'GET') return answer({ imports_refused: this.#importsRefused })
    if (request.path === `${CONTROL}limits`) this.set(JSON.parse(request.body))
    // A policy has changed so that it allows less.
    if (request.path === `${CONTROL}policies`) this.#emulator.forget()
    return answer({})
  }

  set(limits) {
    this.#set = limits
    this.#calls = []
    this.#imports = []
    this.#importTokens = undefined
    this.#importsRefused = 0
  }

  /** The answer in AWS's place; undefined if the call is within all limits. */
  async before(service, call) {
    const {
      throttle = [],
      route53_calls_per_second,
      prior_request_seconds,
      acm_imports_per_minute,
      acm_imports_per_second,
      elb_delay_seconds,
    } = this.#set
    const operation = `${service.prefix}:${call.operation}`
    const spoiled = throttle.find((one) => one.operation === operation && one.times > 0)
    if (spoiled) {
      spoiled.times -= 1
      return throttled(service)
    }
    if (service.signed === 'route53' && this.#over(this.#calls, route53_calls_per_second, 1)) return throttled(service)
    if (operation === 'route53:ChangeResourceRecordSets' && prior_request_seconds) {
      const zone = `zone ${call.parameters.HostedZoneId}`
      if (this.#within(zone, prior_request_seconds)) {
        return error(
          service,
          'PriorRequestNotComplete',
          'The request was rejected because Route 53 was still processing a prior request.',
          400,
        )
      }
      this.#times.set(zone, this.#now())
    }
    if (operation === 'acm:ImportCertificate') {
      if (this.#over(this.#imports, acm_imports_per_minute, 60) || this.#spent(acm_imports_per_second)) {
        this.#importsRefused += 1
        return throttled(service)
      }
      const why = await refusal(call.parameters, (arn) => this.#emulator.certificate(arn))
      if (why) return error(service, 'ValidationException', why, 400)
      const reached = await this.#reached(call.parameters)
      if (reached) return error(service, 'LimitExceededException', reached, 400)
    }
    if (operation === 'acm:DeleteCertificate' && (await this.#emulator.isInUse(call.parameters.CertificateArn))) {
      const why = `Certificate ${call.parameters.CertificateArn} in account is in use.`
      return error(service, 'ResourceInUseException', why, 400)
    }
    if (operation === 'servicequotas:GetServiceQuota') return this.#quotaAnswer(service, call.parameters)
    if (operation === 'elasticloadbalancing:AddListenerCertificates' && (await this.#isFull(call.parameters))) {
      const why = "You've reached the limit on the number of certificates per load balancer"
      return error(service, 'TooManyCertificates', why, 400)
    }
    if (operation === 'elasticloadbalancing:AddListenerCertificates' && elb_delay_seconds) {
      const unknown = call.parameters.Certificates.find(({ CertificateArn }) =>
        this.#within(CertificateArn, elb_delay_seconds),
      )
      if (unknown)
        return error(service, 'CertificateNotFound', `Certificate ARN '${unknown.CertificateArn}' is not valid`, 400)
    }
    return undefined
  }

  /** What was granted, else AWS's default. */
  #quota(code) {
    return this.#set.quotas?.[code] ?? QUOTAS[code]?.Value
  }

  /** What ACM says where one of the quotas that a test has set is reached; undefined if none is. */
  async #reached({ CertificateArn }) {
    const granted = this.#set.quotas ?? {}
    const [most, yearly] = [granted['acm/L-D2CB7DE9'], granted['acm/L-3808DC70']]
    if (yearly !== undefined && this.#imported >= yearly) {
      return `Error: you have reached your limit of ${yearly} certificates imported in the last year.`
    }
    const counts = most !== undefined && !CertificateArn
    if (counts && (await this.#emulator.countCertificates()) >= most) {
      return `Error: you have reached your limit of ${most} imported certificates.`
    }
    return undefined
  }

  /** The emulators know nothing of quotas. */
  #quotaAnswer(service, { ServiceCode, QuotaCode }) {
    const code = `${ServiceCode}/${QuotaCode}`
    if (!QUOTAS[code])
      return error(service, 'NoSuchResourceException', 'The request failed because the specified quota does not exist.', 400)
    const Quota = { ServiceCode, QuotaCode, ...QUOTAS[code], Value: this.#quota(code), Adjustable: true }
    return {
      status: 200,
      headers: { 'content-type': 'application/x-amz-json-1.1' },
      body: JSON.stringify({ Quota }),
    }
  }

  /** Whether the load balancer has as many certificates as its quota lets it have, without the default ones. */
  async #isFull({ ListenerArn, Certificates }) {
    const balancer = ListenerArn.split('/').slice(0, -1).join('/').replace(':listener/', ':loadbalancer/')
    const held = await this.#emulator.listenerCertificates(balancer)
    const known = held.get(ListenerArn)
    const more = Certificates.filter(({ CertificateArn }) => !known?.includes(CertificateArn))
    const quota = balancer.includes('/app/') ? 'elasticloadbalancing/L-9365A611' : 'elasticloadbalancing/L-52964454'
    const count = [...held.values()].flat().length
    return more.length > 0 && count + more.length > this.#quota(quota)
  }

  /** AWS's answer to a call that the emulator has answered. */
  after(service, call, answer) {
    const { insync_seconds } = this.#set
    if (answer.status !== 200) return answer
    if (call.operation === 'ImportCertificate') {
      this.#times.set(JSON.parse(answer.body).CertificateArn, this.#now())
      this.#imported += 1
    }
    if (service.signed === 'route53' && insync_seconds) {
      const text = answer.body.toString()
      const change = /<Id>(\/change\/[^<]+)</.exec(text)?.[1]
      if (change && call.operation === 'ChangeResourceRecordSets') this.#times.set(change, this.#now())
      if (change && this.#within(change, insync_seconds)) {
        return { ...answer, body: text.replace('<Status>INSYNC<', '<Status>PENDING<') }
      }
    }
    return answer
  }

  /** Whether there have been `most` calls within the last `seconds`; else counts one more. */
  #over(calls, most, seconds) {
    if (most === undefined || most === null) return false
    const now = this.#now()
    while (calls.length > 0 && calls[0] <= now - seconds * 1000) calls.shift()
    if (calls.length >= most) return true
    calls.push(now)
    return false
  }

  /** Whether a token bucket that gets so many a second is empty; else takes one. AWS does not say how many it holds: two. */
  #spent(perSecond) {
    if (perSecond === undefined || perSecond === null) return false
    const now = this.#now()
    const { tokens, at } = this.#importTokens ?? { tokens: 2, at: now }
    const left = Math.min(2, tokens + ((now - at) / 1000) * perSecond)
    this.#importTokens = { tokens: left >= 1 ? left - 1 : left, at: now }
    return left < 1
  }

  #within(what, seconds) {
    const time = this.#times.get(what)
    return time !== undefined && this.#now() < time + seconds * 1000
  }
}
