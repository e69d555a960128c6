// The errors that AWS's models declare for the operations that functions call, for the table that says what each is taken for.
//
//   node errors.mjs MODELS TABLE    renews the table: what is new in it has the class `?`, which the tests of `adapters` refuse
//
// A row is an error of a service: its code, the HTTP status, whose fault it is, whether the model says to try again, and the
// operations that declare it. What people have written beside that, its class and why, stays.

import fs from 'node:fs'
import { pathToFileURL } from 'node:url'

import { judged } from './actions.mjs'
import { Models } from './models.mjs'

const FACTS = ['service', 'code', 'status', 'fault', 'retry', 'operations']
const HEAD = [...FACTS, 'class', 'why']
const NONE = '-'

/** Every declared error once: a list of objects with the facts. */
export function declared(models, operations = judged()) {
  return Object.entries(operations).flatMap(([signed, names]) => {
    const service = models.service(signed)
    const found = new Map()
    for (const name of names.toSorted()) {
      for (const { shape } of service.operations[name].errors ?? []) {
        const { error = {}, exception, fault, retryable } = service.shapes[shape]
        if (!exception && !error.code) continue
        const code = error.code ?? shape
        const row = found.get(code) ?? {
          service: service.prefix,
          code,
          status: `${error.httpStatusCode ?? NONE}`,
          fault: fault ? 'server' : error.senderFault ? 'client' : NONE,
          retry: retryable ? (retryable.throttling ? 'throttling' : 'yes') : NONE,
          operations: [],
        }
        row.operations.push(name)
        found.set(code, row)
      }
    }
    return [...found.values()].map((row) => ({ ...row, operations: row.operations.join(' ') }))
  })
}

/** The rows of a table. */
export function read(text) {
  const lines = text.trimEnd().split('\n')
  return lines.slice(1).map((line) => {
    const cells = line.split('\t')
    return Object.fromEntries(HEAD.map((name, index) => [name, cells[index] ?? '']))
  })
}

/** `rows` as a table, with the classes of those in `known`. */
export function table(rows, known) {
  const classes = new Map(known.map((row) => [`${row.service} ${row.code}`, row]))
  const lines = rows.map((row) => {
    const { class: kind = '?', why = '' } = classes.get(`${row.service} ${row.code}`) ?? {}
    return [...FACTS.map((name) => row[name]), kind, why].join('\t').trimEnd()
  })
  return [HEAD.join('\t'), ...lines.toSorted()].join('\n') + '\n'
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [models, file] = process.argv.slice(2)
  const known = fs.existsSync(file) ? read(fs.readFileSync(file, 'utf8')) : []
  fs.writeFileSync(file, table(declared(new Models(models)), known))
}
