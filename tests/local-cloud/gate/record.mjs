// What the gate has seen, in files for those who come after it: what it refused, and which actions each role has used.

import fs from 'node:fs'
import path from 'node:path'

/** In the place of a role's name: one of another account. */
export const ELSEWHERE = 'another-account'

export class Record {
  #refusals
  #used
  #seen = new Set()

  /** Both files lie in `folder`. */
  constructor(folder) {
    this.#refusals = path.join(folder, 'refused.jsonl')
    this.#used = path.join(folder, 'used')
    for (const file of [this.#refusals, this.#used]) fs.writeFileSync(file, '')
  }

  /** A call that AWS would not have taken. */
  refused(refusal) {
    const line = JSON.stringify(refusal)
    fs.appendFileSync(this.#refusals, `${line}\n`)
    console.error(line)
  }

  /** An action that a role has been allowed. */
  used(role, action) {
    const line = `${role} ${action}\n`
    if (this.#seen.has(line)) return
    this.#seen.add(line)
    fs.appendFileSync(this.#used, line)
  }
}
