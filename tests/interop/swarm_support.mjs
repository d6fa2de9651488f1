// Swarms of both kinds with one face: ours as a program, the reference's in a process of its own or in this one.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import readline from 'node:readline'
import { fileURLToPath } from 'node:url'
import { CPeer, within } from './udx_support.mjs'

const JS_PEER = fileURLToPath(new URL('./swarm_js.mjs', import.meta.url))

export const topicOf = (n) => Buffer.alloc(32, n).toString('hex')

/** One swarm, told what to do in lines; it says "connection KEY ROLE", "message KEY hello", "closed KEY WHY". */
export class Swarm {
  /** `kind`: 'c', or the name under which a version of hyperswarm is installed here. */
  static async start (kind, bootstrap, seed, ours = process.env.SWARM_PEER) {
    const swarm = new Swarm()
    const [program, args] = kind === 'c' ? [ours, []] : [process.execPath, [JS_PEER, kind]]
    swarm.kind = kind
    swarm.linked = new Map() // key -> how many connections of it are told of and not closed
    swarm.heard = new Set() // keys that have said hello over the connection that stands
    swarm.twice = []
    swarm.child = spawn(program, [...args, bootstrap, seed], { stdio: ['pipe', 'pipe', 'inherit'] })
    swarm.gone = once(swarm.child, 'exit')
    swarm.lines = []
    swarm.waiting = []
    readline.createInterface({ input: swarm.child.stdout }).on('line', (line) => swarm._line(line))
    await swarm.saw('port')
    swarm.tell('key')
    swarm.key = await swarm.saw('key')
    return swarm
  }

  /** Another swarm in the same process, under another key. */
  async renew (seed) {
    this.tell(`renew ${seed}`)
    await this.saw('port')
    this.linked.clear()
    this.heard.clear()
    this.lines = []
    this.tell('key')
    this.key = await this.saw('key')
  }

  _line (line) {
    const [word, key] = line.split(' ')
    if (word === 'connection') this._connected(key)
    if (word === 'message') this.heard.add(key)
    if (word === 'closed') this._closed(key)
    this.lines.push(line)
    this.waiting = this.waiting.filter((ask) => !ask())
  }

  _connected (key) {
    const count = this.linked.get(key) ?? 0
    if (count) this.twice.push(key)
    this.linked.set(key, count + 1)
    this.heard.delete(key)
  }

  _closed (key) {
    const left = this.linked.get(key) - 1
    if (left) this.linked.set(key, left)
    else this.linked.delete(key)
  }

  tell (line) {
    this.child.stdin.write(line + '\n')
  }

  get saw () { return CPeer.prototype.saw }
  get stats () { return CPeer.prototype.stats }

  /** Connected to all of these, and has heard each of them? */
  knows (others) {
    return others.every(({ key }) => this.linked.has(key) && this.heard.has(key))
  }

  async stop () {
    this.tell('quit')
    const [code] = await within(60000, `the end of a swarm (${this.kind})`, this.gone)
    if (code !== 0) throw new Error(`the swarm (${this.kind}) ended with ${code}`)
  }
}

export async function stopAll (swarms) {
  await Promise.all(swarms.map((swarm) => swarm.stop()))
}

/** Wait for something about swarms, which is looked at whenever one of them says a line. */
export async function until (ms, what, swarms, is) {
  await within(ms, what, new Promise((resolve) => {
    const ask = () => {
      if (!is()) return false
      resolve()
      return true
    }
    if (!ask()) for (const swarm of swarms) swarm.waiting.push(ask)
  }))
}

/** Pairs that are not connected in both directions. */
export function gaps (swarms) {
  const missing = []
  for (const a of swarms) {
    for (const b of swarms) if (a !== b && !a.knows([b])) missing.push([a, b])
  }
  return missing
}
