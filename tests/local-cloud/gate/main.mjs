// Starts the gate: node main.mjs --port N --aws URL --acm URL --account ID --region REGION --stack NAME \
//   --roles PAGE --models FOLDER --record FOLDER

import { parseArgs } from 'node:util'

import { Emulator } from './emulator.mjs'
import { ForeignRoles } from './foreign.mjs'
import { Gate } from './gate.mjs'
import { Iam } from './iam.mjs'
import { Limits } from './limits.mjs'
import { Models } from './models.mjs'
import { Record } from './record.mjs'

const names = ['port', 'aws', 'acm', 'account', 'region', 'stack', 'roles', 'models', 'record']
const { values } = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: 'string' }])) })
const missing = names.filter((name) => values[name] === undefined)
if (missing.length > 0) throw new Error(`missing: --${missing.join(', --')}`)

const foreign = new ForeignRoles(values.roles, values.account, values.stack)
const emulator = new Emulator(values.aws, values.acm, values.region, foreign)
const gate = new Gate(values, {
  models: new Models(values.models),
  emulator,
  iam: new Iam(emulator),
  record: new Record(values.record),
  limits: new Limits(emulator),
})
await gate.listen(Number(values.port))
