import assert from 'node:assert/strict'
import fs from 'node:fs'
import { test } from 'node:test'

import { declared, read, table } from './errors.mjs'
import { Models } from './models.mjs'

const TABLE = new URL('../../../functions/shared/adapters/src/aws/errors.tsv', import.meta.url)

test('the table has every error that the models declare for what is called, and no other', () => {
  const known = read(fs.readFileSync(TABLE, 'utf8'))
  const now = table(declared(new Models(process.env.MODELS)), known)
  const renew = 'renew it: node tests/local-cloud/gate/errors.mjs MODELS functions/shared/adapters/src/aws/errors.tsv'
  assert.equal(fs.readFileSync(TABLE, 'utf8'), now, renew)
})

test('an error that is new in a model has no class until somebody gives it one', () => {
  const shapes = {
    Slow: { exception: true, retryable: { throttling: true }, error: { httpStatusCode: 400, senderFault: true } },
    Down: { exception: true, fault: true, error: { code: 'Broken' } },
    Answer: { type: 'structure' },
  }
  const operations = { One: { errors: [{ shape: 'Slow' }, { shape: 'Down' }] }, Two: { errors: [{ shape: 'Slow' }] } }
  const models = { service: () => ({ prefix: 'made', shapes, operations }) }
  const rows = declared(models, { made: ['Two', 'One'] })
  const known = [{ service: 'made', code: 'Slow', class: 'again', why: 'it says so' }]
  const lines = table(rows, known).split('\n')
  assert.deepEqual(lines.slice(1, 3), [
    'made\tBroken\t-\tserver\t-\tOne\t?',
    'made\tSlow\t400\tclient\tthrottling\tOne Two\tagain\tit says so',
  ])
  assert.deepEqual(
    read(lines.join('\n')).map((row) => row.class),
    ['?', 'again'],
  )
})
