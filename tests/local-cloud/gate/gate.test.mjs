// The gate between a function and an emulator that this file plays.

import assert from 'node:assert/strict'
import http from 'node:http'
import { after, before, beforeEach, test } from 'node:test'

import { Emulator } from './emulator.mjs'
import { ForeignRoles } from './foreign.mjs'
import { Gate } from './gate.mjs'
import { Iam } from './iam.mjs'
import { Models } from './models.mjs'

const ACCOUNT = '123456789012'
const REGION = 'eu-central-1'
const BUS = `arn:aws:events:${REGION}:${ACCOUNT}:event-bus/stack`
const KEY = `arn:aws:kms:${REGION}:${ACCOUNT}:key/1`
const SECRET = `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:stack/export/ep-1-AbCdEf`
const CERTIFICATE = `arn:aws:acm:${REGION}:${ACCOUNT}:certificate/1`
const models = new Models(process.env.MODELS)

/** What the emulator was asked, and what it has. */
let passed, statements, keyPolicy, secretPolicy, tags, server, gate, refused, used

before(async () => {
  server = http.createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += chunk))
    request.on('end', () => response.end(emulated(request, body)))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
})

after(() => server.close())

beforeEach(() => {
  passed = []
  refused = []
  used = []
  statements = []
  tags = []
  keyPolicy = { Version: '2012-10-17', Statement: [] }
  secretPolicy = undefined
  const url = `http://127.0.0.1:${server.address().port}`
  const page = new URL('../../../docs/how-to/listeners-and-regions.md', import.meta.url)
  const emulator = new Emulator(url, url, REGION, new ForeignRoles(page, ACCOUNT, 'stack'))
  gate = new Gate(
    { aws: url, acm: url, account: ACCOUNT },
    {
      models,
      emulator,
      iam: new Iam(emulator),
      record: { refused: (refusal) => refused.push(refusal), used: (role, action) => used.push(`${role} ${action}`) },
      limits: { control() {}, before() {}, after: (_, __, answer) => answer },
    },
  )
})

function emulated(request, body) {
  const fields = new URLSearchParams(body)
  const target = request.headers['x-amz-target'] ?? ''
  if (fields.get('Action') === 'GetRole') {
    return wrapped('GetRole', `<Role><Arn>arn:aws:iam::${ACCOUNT}:role/stack/${fields.get('RoleName')}</Arn></Role>`)
  }
  if (fields.get('Action') === 'ListRolePolicies') {
    return wrapped('ListRolePolicies', '<PolicyNames><member>p</member></PolicyNames>')
  }
  if (fields.get('Action') === 'GetRolePolicy') {
    const policy = { Version: '2012-10-17', Statement: statements }
    return wrapped('GetRolePolicy', `<PolicyDocument>${encodeURIComponent(JSON.stringify(policy))}</PolicyDocument>`)
  }
  if (request.url.endsWith('?policy')) {
    const withoutTls = { Bool: { 'aws:SecureTransport': 'false' } }
    const Statement = [
      { Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: 'arn:aws:s3:::bucket/*', Condition: withoutTls },
    ]
    return JSON.stringify({ Version: '2012-10-17', Statement })
  }
  if (target.endsWith('GetKeyPolicy')) return JSON.stringify({ Policy: JSON.stringify(keyPolicy) })
  if (target.endsWith('DescribeSecret')) return JSON.stringify({ ARN: SECRET, KmsKeyId: KEY })
  if (target.endsWith('GetResourcePolicy')) {
    return JSON.stringify({ ResourcePolicy: secretPolicy && JSON.stringify(secretPolicy) })
  }
  if (target.endsWith('ListTagsForCertificate')) return JSON.stringify({ Tags: tags })
  if (target.endsWith('DescribeTable')) {
    const index = { IndexName: 'due', KeySchema: [{ AttributeName: 'shard', KeyType: 'HASH' }] }
    const TableArn = `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/endpoints`
    const KeySchema = [{ AttributeName: 'pk', KeyType: 'HASH' }]
    return JSON.stringify({ Table: { TableArn, KeySchema, GlobalSecondaryIndexes: [index] } })
  }
  if (fields.get('Action') === 'AssumeRole') return '<R><AccessKeyId>session</AccessKeyId></R>'
  passed.push(`${request.method} ${request.url} ${target} ${body}`)
  return '{}'
}

const wrapped = (action, result) =>
  `<${action}Response><${action}Result>${result}</${action}Result></${action}Response>`

function call(service, { method = 'POST', path = '/', target, body = '', key = 'role' }) {
  const headers = {
    authorization: `AWS4-HMAC-SHA256 Credential=${key}/20260101/${REGION}/${service}/aws4_request, SignedHeaders=host, Signature=0`,
    'x-amz-security-token': 'function',
  }
  if (target) headers['x-amz-target'] = target
  return gate.answer({
    method,
    path,
    headers,
    body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  })
}

const allow = (Action, Resource, Condition) =>
  statements.push({ Effect: 'Allow', Action, Resource, ...(Condition && { Condition }) })
const event = (Source) => ({ Source, DetailType: 'CertificateIssued', Detail: '{}', EventBusName: BUS })
const put = (...sources) => call('events', { target: 'AWSEvents.PutEvents', body: { Entries: sources.map(event) } })

test('a call that the role allows goes on as it came, and is recorded as used', async () => {
  allow('events:PutEvents', BUS)
  assert.equal((await put('managed-https')).status, 200)
  assert.equal(passed.length, 1)
  assert.deepEqual(used, ['role events:PutEvents'])
  assert.deepEqual(refused, [])
})

test('a call that no policy allows is answered as AWS does, and recorded', async () => {
  const answer = await put('managed-https')
  assert.equal(answer.status, 400)
  assert.equal(JSON.parse(answer.body).__type, 'AccessDeniedException')
  assert.match(
    JSON.parse(answer.body).message,
    /assumed-role\/role\/function is not authorized to perform: events:PutEvents/,
  )
  assert.deepEqual(
    [passed, refused.length, refused[0].kind, refused[0].operation],
    [[], 1, 'denied', 'events:PutEvents'],
  )
})

test('events:source is a list: an operator for a single value denies it, and all values have to match', async () => {
  allow('events:PutEvents', BUS, { StringEquals: { 'events:source': 'managed-https' } })
  assert.equal((await put('managed-https')).status, 400)
  statements.length = 0
  const set = { 'ForAllValues:StringEquals': { 'events:source': 'managed-https' }, Null: { 'events:source': 'false' } }
  allow('events:PutEvents', BUS, set)
  assert.equal((await put('managed-https')).status, 200)
  assert.equal((await put('managed-https', 'aws.health')).status, 400)
})

test('a key needs its own policy, the role and the encryption context', async () => {
  const context = {
    Null: { 'kms:EncryptionContext:endpoint': 'false' },
    'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': ['endpoint'] },
  }
  allow('kms:Encrypt', KEY, context)
  const encrypt = (EncryptionContext) =>
    call('kms', { target: 'TrentService.Encrypt', body: { KeyId: KEY, Plaintext: 'AA==', EncryptionContext } })
  assert.equal((await encrypt({ endpoint: 'e' })).status, 400, 'the key knows nobody')
  const root = {
    Effect: 'Allow',
    Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
    Action: 'kms:Encrypt',
    Resource: '*',
  }
  keyPolicy.Statement = [
    { ...root, Condition: { ArnLike: { 'aws:PrincipalArn': `arn:aws:iam::${ACCOUNT}:role/other/*` } } },
  ]
  assert.equal((await encrypt({ endpoint: 'e' })).status, 400, 'another path of roles')
  keyPolicy.Statement = [
    { ...root, Condition: { ArnLike: { 'aws:PrincipalArn': `arn:aws:iam::${ACCOUNT}:role/stack/*` } } },
  ]
  assert.equal((await encrypt({ endpoint: 'e' })).status, 200)
  assert.equal((await encrypt({ endpoint: 'e', more: 'm' })).status, 400, 'a key of the context too many')
  assert.equal((await encrypt({})).status, 400, 'no context')
})

test('a secret with a key of its own is read by whom its policy and that of the key allow', async () => {
  const read = (key, id = 'stack/export/ep-1') =>
    call('secretsmanager', { target: 'secretsmanager.GetSecretValue', body: { SecretId: id }, key })
  allow('secretsmanager:GetSecretValue', '*')
  assert.equal((await read('reader')).status, 400, 'the key knows nobody')
  const reader = `arn:aws:iam::${ACCOUNT}:role/stack/reader`
  const condition = (arn) => ({
    StringEquals: { 'kms:ViaService': `secretsmanager.${REGION}.amazonaws.com` },
    StringLike: { 'kms:EncryptionContext:SecretARN': arn },
  })
  const decrypt = (Principal, arn) => ({
    Effect: 'Allow',
    Principal,
    Action: 'kms:Decrypt',
    Resource: '*',
    Condition: condition(arn),
  })
  keyPolicy.Statement = [decrypt({ AWS: reader }, SECRET.replace('stack/export', 'else'))]
  assert.equal((await read('reader')).status, 400, 'it is for another secret')
  keyPolicy.Statement = [decrypt({ AWS: reader }, SECRET.replace('ep-1-AbCdEf', '*'))]
  assert.equal((await read('reader')).status, 200)
  assert.equal((await read('other')).status, 400, 'the key is not for it')
  keyPolicy.Statement = ['reader', 'other'].map((role) => decrypt({ AWS: reader.replace('reader', role) }, '*'))
  assert.equal((await read('other')).status, 200)
  const Condition = { ArnNotEquals: { 'aws:PrincipalArn': reader } }
  const deny = { Effect: 'Deny', Principal: { AWS: '*' }, Action: 'secretsmanager:GetSecretValue', Resource: '*', Condition }
  secretPolicy = { Version: '2012-10-17', Statement: [deny] }
  assert.equal((await read('other', SECRET)).status, 400, 'what is denied is denied')
  assert.equal((await read('reader', SECRET)).status, 200)
})

test('a record is written only at the names, of the types and by the actions that the role has', async () => {
  const key = (name) => `route53:ChangeResourceRecordSets${name}`
  allow('route53:ChangeResourceRecordSets', 'arn:aws:route53:::hostedzone/Z1', {
    'ForAllValues:StringLike': { [key('NormalizedRecordNames')]: '*.acme.example.net' },
    'ForAllValues:StringEquals': { [key('RecordTypes')]: ['TXT'], [key('Actions')]: ['UPSERT'] },
  })
  const change = (zone, action, name, type) => {
    const record = `<Name>${name}</Name><Type>${type}</Type><TTL>30</TTL><ResourceRecords><ResourceRecord><Value>"v"</Value></ResourceRecord></ResourceRecords>`
    const one = `<Change><Action>${action}</Action><ResourceRecordSet>${record}</ResourceRecordSet></Change>`
    const body = `<ChangeResourceRecordSetsRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ChangeBatch><Changes>${one}</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>`
    return call('route53', { path: `/2013-04-01/hostedzone/${zone}/rrset`, body })
  }
  assert.equal((await change('Z1', 'UPSERT', 'A.acme.example.net.', 'TXT')).status, 200)
  for (const [why, answer] of [
    ['another zone', await change('Z2', 'UPSERT', 'a.acme.example.net', 'TXT')],
    ['another action', await change('Z1', 'DELETE', 'a.acme.example.net', 'TXT')],
    ['another name', await change('Z1', 'UPSERT', 'example.net', 'TXT')],
    ['another type', await change('Z1', 'UPSERT', 'a.acme.example.net', 'A')],
  ]) {
    assert.equal(answer.status, 403, why)
    assert.match(answer.body, /<ErrorResponse.*<Code>AccessDenied<\/Code>/, why)
  }
})

test('partition keys are those of the item, of the condition, and of the index', async () => {
  const table = `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/endpoints`
  const leading = (value) => ({
    'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [value] },
    Null: { 'dynamodb:LeadingKeys': 'false' },
  })
  allow(['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem'], table, leading('DIGEST#*'))
  allow('dynamodb:Query', `${table}/index/due`, leading('SHARD#*'))
  const ask = (operation, body) =>
    call('dynamodb', { target: `DynamoDB_20120810.${operation}`, body: { TableName: 'endpoints', ...body } })
  const key = (pk) => ({ pk: { S: pk }, sk: { S: 's' } })
  const condition = (name, value) => ({
    KeyConditionExpression: '#k = :k AND begins_with(sk, :s)',
    ExpressionAttributeNames: { '#k': name },
    ExpressionAttributeValues: { ':k': { S: value }, ':s': { S: '' } },
  })
  for (const [operation, body, status] of [
    ['GetItem', { Key: key('DIGEST#1') }, 200],
    ['GetItem', { Key: key('ENDPOINT#1') }, 400],
    ['Query', condition('pk', 'DIGEST#1'), 200],
    ['Query', condition('pk', 'ENDPOINT#1'), 400],
    ['Query', { IndexName: 'due', ...condition('shard', 'SHARD#1') }, 200],
    ['Query', { IndexName: 'due', ...condition('shard', 'DIGEST#1') }, 400],
  ]) {
    assert.equal((await ask(operation, body)).status, status, `${operation} ${JSON.stringify(body)}`)
  }
  const transaction = (pk) =>
    call('dynamodb', {
      target: 'DynamoDB_20120810.TransactWriteItems',
      body: {
        TransactItems: [
          { Put: { TableName: 'endpoints', Item: key('DIGEST#1') } },
          { Put: { TableName: 'endpoints', Item: key(pk) } },
        ],
      },
    })
  assert.equal((await transaction('DIGEST#2')).status, 200)
  assert.equal((await transaction('ENDPOINT#2')).status, 400, 'each part of a transaction is judged')
})

test('a first import is judged by the tags it brings, a later one by those that are there', async () => {
  const of = (key) => ({ StringEquals: { [`aws:${key}/managed-https`]: 'stack' } })
  const all = `arn:aws:acm:*:${ACCOUNT}:certificate/*`
  allow('acm:ImportCertificate', all, of('RequestTag'))
  allow('acm:ImportCertificate', all, of('ResourceTag'))
  const pem = { Certificate: 'AA==', PrivateKey: 'AA==' }
  const importing = (more) => call('acm', { target: 'CertificateManager.ImportCertificate', body: { ...pem, ...more } })
  const Tags = [{ Key: 'managed-https', Value: 'stack' }]
  assert.equal((await importing({ Tags })).status, 400, 'tags need a permission of their own')
  allow('acm:AddTagsToCertificate', all, of('RequestTag'))
  assert.equal((await importing({ Tags })).status, 200)
  assert.equal((await importing({})).status, 400, "without a tag it is nobody's")
  assert.equal((await importing({ CertificateArn: CERTIFICATE })).status, 400, "somebody else's")
  tags = Tags
  assert.equal((await importing({ CertificateArn: CERTIFICATE })).status, 200)
})

test('a role of another account is assumed and used as the page describes it to its owner', async () => {
  const there = 'arn:aws:iam::444455556666:role/managed-https'
  const assume = (ExternalId) =>
    call('sts', {
      body: new URLSearchParams({
        Action: 'AssumeRole',
        RoleArn: there,
        RoleSessionName: 'stack',
        ExternalId,
      }).toString(),
    })
  assert.equal((await assume('stack')).status, 403, 'the role here may not')
  allow('sts:AssumeRole', there)
  assert.equal((await assume('other')).status, 403, 'the role there trusts this stack alone')
  assert.equal((await assume('stack')).status, 200)
  const deleting = () =>
    call('acm', {
      target: 'CertificateManager.DeleteCertificate',
      body: { CertificateArn: `arn:aws:acm:${REGION}:444455556666:certificate/1` },
      key: 'session',
    })
  assert.equal((await deleting()).status, 400, "somebody else's")
  tags = [{ Key: 'managed-https', Value: 'stack' }]
  assert.equal((await deleting()).status, 200)
})

test('a session may do what its role and its policy both allow', async () => {
  const there = 'arn:aws:iam::444455556666:role/managed-https'
  allow('sts:AssumeRole', there)
  tags = [{ Key: 'managed-https', Value: 'stack' }]
  const assume = (more) =>
    call('sts', {
      body: new URLSearchParams({
        Action: 'AssumeRole',
        RoleArn: there,
        RoleSessionName: 'stack',
        ExternalId: 'stack',
        ...more,
      }).toString(),
    })
  const ask = (operation, more = {}) =>
    call('acm', {
      target: `CertificateManager.${operation}`,
      body: { CertificateArn: `arn:aws:acm:${REGION}:444455556666:certificate/1`, ...more },
      key: 'session',
    })
  const policy = (...Action) =>
    JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource: '*' }] })

  assert.equal((await assume({ Policy: policy('acm:DescribeCertificate', 'acm:UpdateCertificateOptions') })).status, 200)
  assert.equal((await ask('DescribeCertificate')).status, 200, 'both allow it')
  assert.equal((await ask('DeleteCertificate')).status, 400, 'the role alone allows it')
  assert.match(refused.at(-1).why, /no session policy allows the acm:DeleteCertificate action/)
  assert.deepEqual([refused.at(-1).kind, passed.filter((one) => one.includes('DeleteCertificate'))], ['denied', []])

  assert.equal((await assume({ Policy: policy('*') })).status, 200)
  assert.equal((await ask('DeleteCertificate')).status, 200, 'another session of the same role')
  tags = []
  assert.equal((await ask('DeleteCertificate')).status, 400, 'a policy of a session gives nothing that the role has not')
  assert.match(refused.at(-1).why, /no identity-based policy allows/)

  assert.equal((await assume({ Policy: '{' })).status, 400)
  assert.match(refused.at(-1).why, /Policy is no JSON/)
  const managed = { 'PolicyArns.member.1.arn': 'arn:aws:iam::aws:policy/ReadOnlyAccess' }
  assert.equal((await assume(managed)).status, 400)
  assert.match(refused.at(-1).why, /PolicyArns/)
})

test("what the service's model does not allow is answered as invalid, and recorded", async () => {
  allow('*', '*')
  for (const [why, service, request] of [
    [/Entries is missing/, 'events', { target: 'AWSEvents.PutEvents', body: {} }],
    [/Entriez is not known/, 'events', { target: 'AWSEvents.PutEvents', body: { Entries: [event('x')], Entriez: 1 } }],
    [/Entries: 0 entries, at least 1/, 'events', { target: 'AWSEvents.PutEvents', body: { Entries: [] } }],
    [/no operation PutEventz/, 'events', { target: 'AWSEvents.PutEventz', body: {} }],
    [/KeyId: 0 characters/, 'kms', { target: 'TrentService.DescribeKey', body: { KeyId: '' } }],
    [
      /Action: PUT is none of/,
      'route53',
      {
        path: '/2013-04-01/hostedzone/Z1/rrset/',
        body: '<R><ChangeBatch><Changes><Change><Action>PUT</Action><ResourceRecordSet><Name>a</Name><Type>A</Type></ResourceRecordSet></Change></Changes></ChangeBatch></R>',
      },
    ],
    [/nothing at PUT/, 'scheduler', { method: 'PUT', path: '/nothing' }],
    [/Certificates is missing/, 'elasticloadbalancing', { body: 'Action=AddListenerCertificates&ListenerArn=l' }],
    [/Subjekt is not known/, 'sns', { body: 'Action=Publish&Message=m&TopicArn=t&Subjekt=s' }],
    [
      /does not match/,
      'states',
      { target: 'AWSStepFunctions.StartExecution', body: { stateMachineArn: 'a', name: 'n', traceHeader: 'ö' } },
    ],
  ]) {
    const answer = await call(service, request)
    assert.equal(answer.status, 400, String(why))
    assert.match(refused.at(-1).why, why)
    assert.equal(refused.at(-1).kind, 'malformed')
  }
  assert.deepEqual(passed, [])
})

test('operations of one path are distinguished by what they require', async () => {
  allow('s3:*', 'arn:aws:s3:::bucket/*')
  const at = (method, path) =>
    call('s3', { method, path: `/bucket/challenges/host/${path}`, body: method === 'PUT' ? 'token' : '' })
  assert.equal((await at('PUT', 'token?x-id=PutObject')).status, 200)
  assert.equal((await at('DELETE', 'token?x-id=DeleteObject')).status, 200)
  assert.equal((await at('GET', 'token')).status, 200)
  assert.deepEqual(used, ['role s3:PutObject', 'role s3:DeleteObject', 'role s3:GetObject'])
})

test('an operation that nobody has said the permissions of is refused', async () => {
  allow('*', '*')
  assert.equal((await call('dynamodb', { target: 'DynamoDB_20120810.ListTables', body: {} })).status, 400)
  assert.equal(refused[0].kind, 'unknown')
})

test('whoever signs nothing is refused', async () => {
  const answer = await gate.answer({ method: 'POST', path: '/', headers: {}, body: Buffer.alloc(0) })
  assert.equal(answer.status, 403)
  assert.equal(refused[0].kind, 'malformed')
})
