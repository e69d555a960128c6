// What the gate has to know of the emulated account: policies of roles and resources, tags, keys of tables and topics.
// The emulators answer whoever asks.

import { XMLParser } from 'fast-xml-parser'

const XML = new XMLParser({ parseTagValue: false })
/** Unless it is asked for others, ACM lists certificates with RSA keys of 1024 and 2048 bits alone. */
const KEY_TYPES = ['EC_prime256v1', 'EC_secp384r1', 'EC_secp521r1', 'RSA_1024', 'RSA_2048', 'RSA_3072', 'RSA_4096']

export class Emulator {
  #aws
  #acm
  #foreign
  #region
  #known = new Map()

  /** `aws` and `acm`: base URLs of the two emulators. `foreign`: the roles of other accounts. */
  constructor(aws, acm, region, foreign) {
    this.#aws = aws
    this.#acm = acm
    this.#foreign = foreign
    this.#region = region
  }

  /** Forgets what it has seen of policies and resources. */
  forget() {
    this.#known.clear()
  }

  /** Inline policies of a role, as CloudFormation has made them of the template: `{ arn, policies }`. */
  role({ role: name, arn }) {
    if (arn) return this.#foreign.role(arn)
    return this.#once(`role ${name}`, async () => {
      const role = await this.#iam('GetRole', name)
      const listed = await this.#iam('ListRolePolicies', name)
      const names = [listed.ListRolePoliciesResult.PolicyNames.member ?? []].flat()
      const policies = await Promise.all(
        names.map(async (policy) => {
          const answer = await this.#iam('GetRolePolicy', name, { PolicyName: policy })
          return { name: policy, policy: JSON.parse(decodeURIComponent(answer.GetRolePolicyResult.PolicyDocument)) }
        }),
      )
      return { arn: role.GetRoleResult.Role.Arn, policies }
    })
  }

  /** The policy of the resource itself, for those kinds that have one; undefined if it has none. */
  resourcePolicy(resource) {
    // Asked for each time: a function writes it. By an ARN: a pattern is none of a secret that is there.
    if (resource.split(':')[2] === 'secretsmanager') {
      return resource.endsWith('?') ? undefined : this.#secretPolicy(resource)
    }
    return this.#once(`policy ${resource}`, async () => {
      const service = resource.split(':')[2]
      if (service === 'iam') return this.#foreign.trust(resource)
      if (service === 's3') {
        const answer = await this.#fetch(this.#aws, 's3', { path: `/${resource.split(':::')[1].split('/')[0]}?policy` })
        return answer.ok ? JSON.parse(answer.text) : undefined
      }
      const region = resource.split(':')[3]
      if (service === 'kms') {
        const asked = { KeyId: resource.split('/').at(-1), PolicyName: 'default' }
        return JSON.parse((await this.#json('kms', 'TrentService.GetKeyPolicy', asked, region)).Policy)
      }
      if (service === 'sns') {
        const policy = (await this.#topic(resource)).get('Policy')
        return policy && JSON.parse(policy)
      }
      if (service === 'sqs') {
        const [account, name] = resource.split(':').slice(-2)
        const asked = { QueueUrl: `${this.#aws}/${account}/${name}`, AttributeNames: ['Policy'] }
        const policy = (await this.#json('sqs', 'AmazonSQS.GetQueueAttributes', asked, region)).Attributes?.Policy
        return policy ? JSON.parse(policy) : undefined
      }
      return undefined
    })
  }

  /** `{ arn, partitionKey, indexes }`, the indexes with their partition keys. */
  table(name, region) {
    return this.#once(`table ${name} ${region}`, async () => {
      const asked = { TableName: name }
      const { Table } = await this.#json('dynamodb', 'DynamoDB_20120810.DescribeTable', asked, region)
      const hash = (schema) => schema.find((key) => key.KeyType === 'HASH').AttributeName
      const indexes = (Table.GlobalSecondaryIndexes ?? []).map((index) => [index.IndexName, hash(index.KeySchema)])
      return { arn: Table.TableArn, partitionKey: hash(Table.KeySchema), indexes: Object.fromEntries(indexes) }
    })
  }

  /** Id or ARN of the key that encrypts a topic's messages. */
  async keyOfTopic(arn) {
    return (await this.#topic(arn)).get('KmsMasterKeyId')
  }

  /** ARN of the secret with this name or ARN, and the key it has of its own; undefined if there is no such secret. */
  async secret(id) {
    const answer = await this.#aboutSecret('DescribeSecret', id)
    if (!answer.ok) return undefined
    const { ARN: arn, KmsKeyId: key } = JSON.parse(answer.text)
    return { arn, key }
  }

  async #secretPolicy(arn) {
    const answer = await this.#aboutSecret('GetResourcePolicy', arn)
    const policy = answer.ok && JSON.parse(answer.text).ResourcePolicy
    return policy ? JSON.parse(policy) : undefined
  }

  #aboutSecret(operation, id) {
    return this.#fetch(this.#aws, 'secretsmanager', json(`secretsmanager.${operation}`, { SecretId: id }))
  }

  /** Asked for each time: they come and go with imports. None of a certificate that does not exist. */
  async certificateTags(arn) {
    const answer = await this.#aboutCertificate('ListTagsForCertificate', arn)
    return answer.ok ? (JSON.parse(answer.text).Tags ?? []) : []
  }

  /** The certificate with this ARN, as PEM; undefined if there is none. */
  async certificate(arn) {
    const answer = await this.#aboutCertificate('GetCertificate', arn)
    return answer.ok ? JSON.parse(answer.text).Certificate : undefined
  }

  /** How many certificates there are in the account's own region. */
  async countCertificates() {
    let [count, next] = [0, undefined]
    do {
      const Includes = { keyTypes: KEY_TYPES }
      const asked = json('CertificateManager.ListCertificates', { Includes, ...(next && { NextToken: next }) })
      const answer = JSON.parse(this.#expected(await this.#fetch(this.#acm, 'acm', asked), 'ListCertificates'))
      count += answer.CertificateSummaryList.length
      next = answer.NextToken
    } while (next)
    return count
  }

  /** Whether a listener in the region and account of a certificate has it. */
  async isInUse(arn) {
    const listed = await this.#aboutListeners('DescribeLoadBalancers', arn, {})
    const balancers = members(listed?.DescribeLoadBalancersResult.LoadBalancers)
    for (const { LoadBalancerArn } of balancers) {
      const held = await this.listenerCertificates(LoadBalancerArn)
      if ([...held.values()].flat().includes(arn)) return true
    }
    return false
  }

  /** By each listener of the load balancer with this ARN, the certificates beside its default one. */
  async listenerCertificates(balancer) {
    const listeners = await this.#aboutListeners('DescribeListeners', balancer, { LoadBalancerArn: balancer })
    const found = new Map()
    for (const { ListenerArn } of members(listeners?.DescribeListenersResult.Listeners)) {
      const held = await this.#aboutListeners('DescribeListenerCertificates', ListenerArn, { ListenerArn })
      const certificates = members(held?.DescribeListenerCertificatesResult.Certificates)
      const defaults = certificates.filter((one) => one.IsDefault === 'true').map((one) => one.CertificateArn)
      const all = new Set(certificates.map((one) => one.CertificateArn))
      found.set(
        ListenerArn,
        [...all].filter((arn) => !defaults.includes(arn)),
      )
    }
    return found
  }

  /** In the region and the account of the ARN; undefined if what it names does not exist. */
  async #aboutListeners(action, arn, fields) {
    const [region, account] = arn.split(':').slice(3, 5)
    const body = new URLSearchParams({ Action: action, Version: '2015-12-01', ...fields }).toString()
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-moto-account-id': account }
    const answer = await this.#fetch(this.#acm, 'elasticloadbalancing', { headers, body, region })
    return answer.ok ? XML.parse(answer.text)[`${action}Response`] : undefined
  }

  async tagCertificate(arn, tags) {
    this.#expected(await this.#aboutCertificate('AddTagsToCertificate', arn, { Tags: tags }), arn)
  }

  /** In the region and the account of its ARN, which moto takes from a header of its own. */
  #aboutCertificate(operation, arn, more = {}) {
    const [region, account] = arn.split(':').slice(3, 5)
    const asked = json(`CertificateManager.${operation}`, { CertificateArn: arn, ...more })
    return this.#fetch(this.#acm, 'acm', {
      ...asked,
      headers: { ...asked.headers, 'x-moto-account-id': account },
      region,
    })
  }

  #topic(arn) {
    return this.#once(`topic ${arn}`, async () => {
      const asked = { Action: 'GetTopicAttributes', Version: '2010-03-31', TopicArn: arn }
      const answer = await this.#query('sns', asked, arn.split(':')[3])
      const entries = [answer.GetTopicAttributesResponse.GetTopicAttributesResult.Attributes.entry].flat()
      return new Map(entries.map((entry) => [entry.key, entry.value]))
    })
  }

  async #iam(action, role, more = {}) {
    const answer = await this.#query('iam', { Action: action, Version: '2010-05-08', RoleName: role, ...more })
    return answer[`${action}Response`]
  }

  async #query(service, fields, region) {
    const body = new URLSearchParams(fields).toString()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    return XML.parse(this.#expected(await this.#fetch(this.#aws, service, { headers, body, region }), fields.Action))
  }

  async #json(service, target, asked, region) {
    const answer = await this.#fetch(this.#aws, service, { ...json(target, asked), region })
    return JSON.parse(this.#expected(answer, target))
  }

  #expected(answer, what) {
    if (!answer.ok) throw new Error(`${what}: ${answer.text}`)
    return answer.text
  }

  async #fetch(base, service, { path = '/', headers = {}, body, region = this.#region }) {
    const credential = `test/20260101/${region}/${service}/aws4_request`
    const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=0`
    const method = body === undefined ? 'GET' : 'POST'
    const response = await fetch(base + path, { method, headers: { authorization, ...headers }, body })
    return { ok: response.ok, text: await response.text() }
  }

  /** What is the same at each request is asked for once; what fails is asked for again. */
  #once(name, ask) {
    if (!this.#known.has(name)) {
      const asked = ask()
      asked.catch(() => this.#known.delete(name))
      this.#known.set(name, asked)
    }
    return this.#known.get(name)
  }
}

/** The entries of a list in XML: one alone is no list, and none is a text. */
const members = (list) => [list?.member ?? []].flat()

const json = (target, asked) => ({
  headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': target },
  body: JSON.stringify(asked),
})
