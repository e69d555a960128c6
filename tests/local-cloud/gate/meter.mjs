// Counts the units of DynamoDB that calls cost, by the size of items and of what indexes copy, as the emulator measures
// them. Only while a measurement asks for it: it changes the requests.

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
    const units = consumed.reduce((sum, one) => sum + (one.CapacityUnits ?? 0), 0)
    const known = (this.#units[role] ??= {})
    const counted = (known[call.operation] ??= { calls: 0, reads: 0, writes: 0 })
    counted.calls += 1
    counted[READS.includes(call.operation) ? 'reads' : 'writes'] += units
  }
}

function isCounted(operation) {
  return READS.includes(operation) || WRITES.includes(operation)
}
