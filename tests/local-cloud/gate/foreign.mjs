// Roles of other accounts, with the policies that docs/how-to/listeners-and-regions.md tells their owners to write: what
// does not work with those works for nobody.

import fs from 'node:fs'

/** The accounts and the stack as the page names them. */
const HERE = '111122223333'
const THERE = '444455556666'
const STACK = 'STACK'

export class ForeignRoles {
  #page
  #account
  #stack

  constructor(page, account, stack) {
    this.#page = page
    this.#account = account
    this.#stack = stack
  }

  /** Who may assume the role with this ARN. */
  trust(arn) {
    return this.#policies(arn)[0]
  }

  /** As `Emulator.role` describes one of ours. */
  role(arn) {
    return { arn, policies: [{ name: 'page', policy: this.#policies(arn)[1] }] }
  }

  #policies(arn) {
    const text = fs.readFileSync(this.#page, 'utf8')
    const blocks = [...text.matchAll(/```json\n(\{\s*"Version"[^]*?)```/g)].map(([, block]) => block)
    if (blocks.length !== 2)
      throw new Error(`${this.#page}: a trust policy and a policy are expected, not ${blocks.length}`)
    const own = (block) =>
      block.replaceAll(HERE, this.#account).replaceAll(THERE, arn.split(':')[4]).replaceAll(STACK, this.#stack)
    return blocks.map((block) => JSON.parse(own(block)))
  }
}
