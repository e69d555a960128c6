// What IAM is asked about a request: actions, the resource of each, and the context that AWS would supply.
//
// Actions, resources and keys are those of AWS's Service Authorization Reference. An operation without an entry here
// cannot be judged, and is refused: whoever lets a function call something new says here what IAM sees of it.

import { accessed, leadingKeys } from './expressions.mjs'

/**
 * `about`: `account` of the stack, `region`, `lookUp` (see emulator.mjs).
 *
 * Returns a list of `{ action, resource, context }`, or undefined for an operation that nothing is known of.
 */
export async function asked(service, operation, parameters, about) {
  const judge = SERVICES[service.signed]?.[operation]
  return judge && [await judge(parameters, about, `${service.prefix}:${operation}`)].flat()
}

/** The operations that can be judged, by service. */
export const judged = () =>
  Object.fromEntries(Object.entries(SERVICES).map(([service, operations]) => [service, Object.keys(operations)]))

const on = (resource, action, context = {}) => ({ action, resource, context })
const arn = (service, { region, account }, resource) => `arn:aws:${service}:${region}:${account}:${resource}`
const unlessArn = (text, otherwise) => (text?.startsWith('arn:') ? text : otherwise)

// --- DynamoDB ---------------------------------------------------------------------------------------------------

async function item(parameters, about, action) {
  const name = parameters.TableName.split('/').at(-1)
  const table = await about.lookUp.table(name, about.region)
  const index = parameters.IndexName ? `/index/${parameters.IndexName}` : ''
  const context = {
    'dynamodb:LeadingKeys': leadingKeys(parameters, table),
    'dynamodb:Attributes': accessed(parameters),
  }
  for (const key of ['Select', 'ReturnValues', 'ReturnConsumedCapacity']) {
    if (parameters[key]) context[`dynamodb:${key}`] = parameters[key]
  }
  return on(`${table.arn}${index}`, action, context)
}

function transaction(parameters, about) {
  const actions = {
    Put: 'PutItem',
    Update: 'UpdateItem',
    Delete: 'DeleteItem',
    ConditionCheck: 'ConditionCheckItem',
    Get: 'GetItem',
  }
  const parts = parameters.TransactItems.flatMap((part) => Object.entries(part))
  return Promise.all(
    parts.map(async ([kind, part]) => {
      const asked = await item(part, about, `dynamodb:${actions[kind]}`)
      asked.context['dynamodb:EnclosingOperation'] = kind === 'Get' ? 'TransactGetItems' : 'TransactWriteItems'
      return asked
    }),
  )
}

function batch(parameters, about, action) {
  const tables = Object.entries(parameters.RequestItems)
  return Promise.all(
    tables.map(([TableName, request]) => {
      const writes = Array.isArray(request)
        ? request.map((write) => write.PutRequest?.Item ?? write.DeleteRequest.Key)
        : []
      return item({ TableName, Keys: request.Keys ?? writes, ...request }, about, action)
    }),
  )
}

async function table(parameters, about, action) {
  return on((await about.lookUp.table(parameters.TableName, about.region)).arn, action)
}

// --- keys and secrets -------------------------------------------------------------------------------------------

function key(parameters, about, action) {
  const context = { 'kms:CallerAccount': about.account }
  const encryption = Object.entries(parameters.EncryptionContext ?? {})
  for (const [name, value] of encryption) context[`kms:EncryptionContext:${name}`] = value
  if (encryption.length > 0) context['kms:EncryptionContextKeys'] = encryption.map(([name]) => name)
  return on(unlessArn(parameters.KeyId, arn('kms', about, `key/${parameters.KeyId}`)), action, context)
}

function secret(parameters, about, action) {
  const context = { 'secretsmanager:SecretId': parameters.SecretId }
  if (parameters.VersionStage) context['secretsmanager:VersionStage'] = parameters.VersionStage
  return on(secretArn(parameters.SecretId, about), action, context)
}

const secretArn = (id, about) => unlessArn(id, arn('secretsmanager', about, `secret:${id}-??????`))

/** With the use of the key that a secret has of its own, which Secrets Manager makes for whoever calls it. */
const secretWith = (actions) => async (parameters, about, action) => {
  const asked = secret(parameters, about, action)
  const known = await about.lookUp.secret(parameters.SecretId)
  // By its name, IAM sees the secret that has it.
  if (known) asked.resource = known.arn
  return [asked, ...encryption(known?.key, asked.resource, actions, about)]
}

function encryption(id, secretArn, actions, about) {
  if (!id) return []
  const via = { 'kms:ViaService': `secretsmanager.${about.region}.amazonaws.com`, 'aws:ViaAWSService': 'true' }
  const context = { ...key({ EncryptionContext: { SecretARN: secretArn, SecretVersionId: '' } }, about).context, ...via }
  return actions.map((action) => on(unlessArn(id, arn('kms', about, `key/${id}`)), action, context))
}

/** A secret has an ARN only afterwards, and tags need a permission of their own. */
function createSecret(parameters, about, action) {
  const resource = secretArn(parameters.Name, about)
  const tags = parameters.Tags ?? []
  const context = { ...tagged('aws:RequestTag', tags), 'secretsmanager:Name': parameters.Name }
  const used = encryption(parameters.KmsKeyId, resource, ['kms:GenerateDataKey', 'kms:Decrypt'], about)
  if (tags.length === 0) return [on(resource, action, context), ...used]
  context['aws:TagKeys'] = tags.map((tag) => tag.Key)
  return [on(resource, action, context), on(resource, 'secretsmanager:TagResource', context), ...used]
}

// --- records and tokens -----------------------------------------------------------------------------------------

const zone = (parameters) =>
  `arn:aws:route53:::hostedzone/${(parameters.HostedZoneId ?? parameters.Id).replace(/^\/hostedzone\//, '')}`

/** Names as IAM sees them: lower case, no dot at the end, other characters than a-z, 0-9, - _ . in octal. */
function normalized(name) {
  const plain = name.toLowerCase().replace(/\.$/, '')
  return plain.replace(/[^a-z0-9_.\\-]/g, (other) => `\\${other.charCodeAt(0).toString(8).padStart(3, '0')}`)
}

function records(parameters, _, action) {
  const changes = parameters.ChangeBatch.Changes
  const sets = changes.map((change) => change.ResourceRecordSet)
  const all = (values) => [...new Set(values)]
  return on(zone(parameters), action, {
    'route53:ChangeResourceRecordSetsNormalizedRecordNames': all(sets.map((set) => normalized(set.Name))),
    'route53:ChangeResourceRecordSetsRecordTypes': all(sets.map((set) => set.Type)),
    'route53:ChangeResourceRecordSetsActions': all(changes.map((change) => change.Action)),
  })
}

const object = (action) => (parameters) => on(`arn:aws:s3:::${parameters.Bucket}/${parameters.Key}`, action)
const bucket = (action) => (parameters) => on(`arn:aws:s3:::${parameters.Bucket}`, action)

// --- certificates and listeners ---------------------------------------------------------------------------------

async function certificate(parameters, about, action) {
  const tags = await about.lookUp.certificateTags(parameters.CertificateArn)
  return on(parameters.CertificateArn, action, tagged('aws:ResourceTag', tags))
}

async function tagging(parameters, about, action) {
  const asked = await certificate(parameters, about, action)
  Object.assign(asked.context, tagged('aws:RequestTag', parameters.Tags))
  asked.context['aws:TagKeys'] = parameters.Tags.map((tag) => tag.Key)
  return asked
}

/** A first import has an ARN only afterwards, and tags that need a permission of their own. */
async function importCertificate(parameters, about, action) {
  if (parameters.CertificateArn) return certificate(parameters, about, action)
  const resource = arn('acm', about, 'certificate/00000000-0000-4000-8000-000000000000')
  const tags = parameters.Tags ?? []
  const context = tagged('aws:RequestTag', tags)
  if (tags.length === 0) return on(resource, action)
  context['aws:TagKeys'] = tags.map((tag) => tag.Key)
  return [on(resource, action, context), on(resource, 'acm:AddTagsToCertificate', context)]
}

const tagged = (key, tags) => Object.fromEntries(tags.map((tag) => [`${key}/${tag.Key}`, tag.Value ?? '']))

const anything = (_, __, action) => on('*', action)

function assume(parameters, _, action) {
  const context = { 'sts:RoleSessionName': parameters.RoleSessionName }
  if (parameters.ExternalId) context['sts:ExternalId'] = parameters.ExternalId
  return on(parameters.RoleArn, action, context)
}

// --- notifications ----------------------------------------------------------------------------------------------

/** SNS uses the topic's key on behalf of whoever publishes. */
async function publish(parameters, about, action) {
  const topic = on(parameters.TopicArn, action)
  const encrypting = await about.lookUp.keyOfTopic(parameters.TopicArn)
  if (!encrypting) return topic
  const via = { 'kms:ViaService': `sns.${about.region}.amazonaws.com`, 'aws:ViaAWSService': 'true' }
  const context = key({ EncryptionContext: { 'aws:sns:topicArn': parameters.TopicArn } }, about).context
  const resource = unlessArn(encrypting, arn('kms', about, `key/${encrypting}`))
  return [
    topic,
    ...['kms:GenerateDataKey', 'kms:Decrypt'].map((action) => on(resource, action, { ...context, ...via })),
  ]
}

/** Each key that an entry can have is a list of what all entries of the request have. */
function events(parameters, about, action) {
  const buses = new Map()
  for (const entry of parameters.Entries) {
    const bus = entry.EventBusName ?? 'default'
    buses.set(bus, [...(buses.get(bus) ?? []), entry])
  }
  return [...buses].map(([bus, entries]) =>
    on(unlessArn(bus, arn('events', about, `event-bus/${bus}`)), action, {
      'events:source': [...new Set(entries.map((entry) => entry.Source))],
      'events:detail-type': [...new Set(entries.map((entry) => entry.DetailType))],
    }),
  )
}

const named = (member) => (parameters, _, action) => on(parameters[member], action)
const queue = (parameters, about, action) => on(arn('sqs', about, parameters.QueueUrl.split('/').at(-1)), action)
const lambda = (action) => (parameters, about) => {
  const name = parameters.FunctionName.split(':function:').at(-1)
  return on(arn('lambda', about, `function:${name}`), action)
}
const schedule = (parameters, about, action) =>
  on(arn('scheduler', about, `schedule/${parameters.GroupName ?? 'default'}/${parameters.Name}`), action)
/** A search by prefix is a search among all. */
const alarms = (_, about, action) => on(arn('cloudwatch', about, 'alarm:*'), action)

const SERVICES = {
  acm: {
    AddTagsToCertificate: tagging,
    DeleteCertificate: certificate,
    DescribeCertificate: certificate,
    GetCertificate: certificate,
    ImportCertificate: importCertificate,
    ListCertificates: anything,
    ListTagsForCertificate: certificate,
    RemoveTagsFromCertificate: tagging,
  },
  dynamodb: {
    BatchGetItem: batch,
    BatchWriteItem: batch,
    DeleteItem: item,
    DescribeTable: table,
    GetItem: item,
    PutItem: item,
    Query: item,
    Scan: item,
    TransactGetItems: transaction,
    TransactWriteItems: transaction,
    UpdateItem: item,
  },
  elasticloadbalancing: {
    AddListenerCertificates: named('ListenerArn'),
    DescribeListenerCertificates: anything,
    DescribeListeners: anything,
    DescribeLoadBalancers: anything,
    RemoveListenerCertificates: named('ListenerArn'),
  },
  events: { PutEvents: events },
  kms: { Decrypt: key, DescribeKey: key, Encrypt: key, GenerateDataKey: key },
  lambda: {
    GetAccountSettings: anything,
    GetEventSourceMapping: (parameters, about, action) =>
      on(arn('lambda', about, `event-source-mapping:${parameters.UUID}`), action),
    GetFunctionConfiguration: lambda('lambda:GetFunctionConfiguration'),
    Invoke: lambda('lambda:InvokeFunction'),
  },
  monitoring: { DescribeAlarms: alarms },
  route53: {
    ChangeResourceRecordSets: records,
    GetChange: (parameters, _, action) =>
      on(`arn:aws:route53:::change/${parameters.Id.replace(/^\/change\//, '')}`, action),
    GetHostedZone: (parameters, _, action) => on(zone(parameters), action),
    ListResourceRecordSets: (parameters, _, action) => on(zone(parameters), action),
  },
  s3: {
    DeleteObject: object('s3:DeleteObject'),
    GetBucketLocation: bucket('s3:GetBucketLocation'),
    GetObject: object('s3:GetObject'),
    HeadObject: object('s3:GetObject'),
    ListObjectsV2: bucket('s3:ListBucket'),
    PutObject: object('s3:PutObject'),
  },
  scheduler: { GetSchedule: schedule },
  secretsmanager: {
    CreateSecret: createSecret,
    DeleteSecret: secretWith([]),
    DescribeSecret: secret,
    GetSecretValue: secretWith(['kms:Decrypt']),
    PutResourcePolicy: secretWith([]),
    PutSecretValue: secretWith(['kms:GenerateDataKey', 'kms:Decrypt']),
    UpdateSecretVersionStage: secret,
  },
  servicequotas: {
    GetServiceQuota: (parameters, about, action) =>
      on(arn('servicequotas', about, `${parameters.ServiceCode}/${parameters.QuotaCode}`), action),
  },
  sns: {
    GetTopicAttributes: named('TopicArn'),
    ListSubscriptionsByTopic: named('TopicArn'),
    Publish: publish,
  },
  sqs: {
    ChangeMessageVisibility: queue,
    DeleteMessage: queue,
    GetQueueAttributes: queue,
    ReceiveMessage: queue,
    SendMessage: queue,
  },
  states: {
    DescribeExecution: named('executionArn'),
    DescribeStateMachine: named('stateMachineArn'),
    ListExecutions: named('stateMachineArn'),
    SendTaskFailure: anything,
    SendTaskHeartbeat: anything,
    SendTaskSuccess: anything,
    StartExecution: named('stateMachineArn'),
  },
  sts: { AssumeRole: assume, GetCallerIdentity: () => [] },
}
