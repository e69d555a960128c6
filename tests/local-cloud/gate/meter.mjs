// Counts the units of DynamoDB that calls cost. Writes as the emulator measures them, by the size of items and of what indexes
// copy. Reads by the size of what is answered: the emulator says the same of a read of any size. What a projection leaves
// out, or a filter, DynamoDB counts and this does not. Only while a measurement asks for it: it changes the requests.

const PATH = '/_gate/units'

const READS = ['GetItem', 'Query', 'Scan', 'BatchGetItem', 'TransactGetItems']
const WRITES = ['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem', 'TransactWriteItems']

export class Meter {
  /** Units by role and operation; undefined while nobody counts. */
  #units

  /** The answer to the local cloud: PUT begins to count, GET tells what was counted since, and begins again. */
  control({ method, path }) {
    if (path !== PATH) return undefined
    const counted = this.#units ?? {}
    this.#units = {}
    const body = JSON.stringify(method === 'GET' ? counted : {})
    return { status: 200, headers: { 'content-type': 'application/json' }, body }
  }

  /** The request, so that its answer says what it has cost. */
  asking(service, call, request) {
    if (!this.#units || service.signed !== 'dynamodb' || !isCounted(call.operation)) return request
    const body = JSON.stringify({ ...JSON.parse(request.body), ReturnConsumedCapacity: 'INDEXES' })
    return { ...request, body, headers: { ...request.headers, 'content-length': String(Buffer.byteLength(body)) } }
  }

  took(service, call, role, answer) {
    if (!this.#units || service.signed !== 'dynamodb' || !isCounted(call.operation) || answer.status !== 200) return
    const consumed = [JSON.parse(answer.body).ConsumedCapacity ?? []].flat()
    const known = (this.#units[role] ??= {})
    const counted = (known[call.operation] ??= { calls: 0, reads: 0, writes: 0 })
    counted.calls += 1
    if (READS.includes(call.operation)) counted.reads += read(call, JSON.parse(answer.body))
    else counted.writes += consumed.reduce((sum, one) => sum + (one.CapacityUnits ?? 0), 0)
  }
}

/** Read units: 4 KB each, half for a read that may be a moment old. A query reads its items as one, others each by itself. */
export function read({ operation, parameters }, body) {
  const units = (bytes) => Math.max(1, Math.ceil(bytes / 4096))
  const price = (consistent) => (consistent ? 1 : 0.5)
  if (operation === 'Query' || operation === 'Scan') {
    return units(total((body.Items ?? []).map(sizeOf))) * price(parameters.ConsistentRead)
  }
  if (operation === 'GetItem') return units(sizeOf(body.Item ?? {})) * price(parameters.ConsistentRead)
  if (operation === 'TransactGetItems') {
    return total(body.Responses.map(({ Item }) => 2 * units(sizeOf(Item ?? {}))))
  }
  const tables = Object.entries(parameters.RequestItems)
  const of = ([table, asked]) => {
    const found = body.Responses?.[table] ?? []
    const left = body.UnprocessedKeys?.[table]?.Keys.length ?? 0
    // One that is not there costs as much as the smallest that is.
    const absent = asked.Keys.length - left - found.length
    return price(asked.ConsistentRead) * (total(found.map((item) => units(sizeOf(item)))) + absent)
  }
  return total(tables.map(of))
}

/** The size of an item, by AWS's rules ("DynamoDB Item sizes and formats"). */
export function sizeOf(item) {
  return total(Object.entries(item).map(([name, value]) => Buffer.byteLength(name) + sizeOfValue(value)))
}

function sizeOfValue(value) {
  const [[type, content]] = Object.entries(value)
  switch (type) {
    case 'S':
      return Buffer.byteLength(content)
    case 'N':
      return Math.ceil(content.replace(/[-.]/g, '').length / 2) + 1 + (content.startsWith('-') ? 1 : 0)
    case 'B':
      return Buffer.byteLength(content, 'base64')
    case 'M':
      return 3 + total(Object.entries(content).map(([name, part]) => 1 + Buffer.byteLength(name) + sizeOfValue(part)))
    case 'L':
      return 3 + total(content.map((part) => 1 + sizeOfValue(part)))
    case 'SS':
    case 'NS':
    case 'BS':
      return total(content.map((part) => sizeOfValue({ [type[0]]: part })))
    default:
      return 1
  }
}

const total = (numbers) => numbers.reduce((sum, one) => sum + one, 0)

function isCounted(operation) {
  return READS.includes(operation) || WRITES.includes(operation)
}
