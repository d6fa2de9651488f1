// A program of a benchmark, as an object.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import readline from 'node:readline'

/** A program that is told what to do and says what happens, in lines. */
export class Peer {
  constructor (file, ...args) {
    this.child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.gone = once(this.child, 'exit')
    this.lines = [] // read at once: a peer that waits for its reader is slow
    this.pid = this.child.pid
    this.wake = () => {}
    const reader = readline.createInterface({ input: this.child.stdout })
    reader.on('line', (line) => {
      this.lines.push(line)
      this.wake()
    })
    reader.on('close', () => {
      this.ended = true
      this.wake()
    })
  }

  tell (line) {
    this.child.stdin.write(line + '\n')
  }

  /** The next line, or null after the last one. */
  async line () {
    while (!this.lines.length && !this.ended) await new Promise((resolve) => { this.wake = resolve })
    return this.lines.shift() ?? null
  }

  /** The rest of the next line that begins with this word; others are skipped. */
  async saw (word) {
    for (;;) {
      const line = await this.line()
      if (line === null || line.startsWith('failed')) throw new Error(`in place of '${word}': ${line}`)
      const [first, ...rest] = line.split(' ')
      if (first === word) return rest
    }
  }

  /** A line of its /proc/PID/status, such as VmRSS, in KiB. */
  status (field) {
    return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(fs.readFileSync(`/proc/${this.pid}/status`, 'utf8'))[1])
  }

  /** Processor time, in hundredths of a second. */
  ticks () {
    const fields = fs.readFileSync(`/proc/${this.pid}/stat`, 'utf8').split(') ')[1].split(' ')
    return Number(fields[11]) + Number(fields[12])
  }

  async stop () {
    this.tell('quit')
    await this.gone
  }
}
