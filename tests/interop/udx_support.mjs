// The C programs udx_peer and stream_peer as objects, a stream of udx-native beside it, and a bad wire between.
import { spawn } from 'node:child_process'
import dgram from 'node:dgram'
import { once } from 'node:events'
import readline from 'node:readline'

export const pattern = (i) => (i * 31 + Math.floor(i / 256) * 7) & 255

export function patternBytes (from, length) {
  const bytes = Buffer.alloc(length)
  for (let i = 0; i < length; i++) bytes[i] = pattern(from + i)
  return bytes
}

/** Reject when it takes too long: a hang is a failure with a name. */
export function within (ms, what, promise) {
  let timer
  const late = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took more than ${ms} ms`)), ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

/** The program, spoken to in lines. */
export class CPeer {
  static start (id, { plain = false } = {}) {
    return CPeer.run(process.env.UDX_PEER, [String(id), ...(plain ? ['plain'] : [])])
  }

  /** Any program that begins with its port. */
  static async run (program, args) {
    const peer = new this()
    peer.lines = []
    peer.waiting = []
    peer.child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    peer.gone = once(peer.child, 'exit')
    readline.createInterface({ input: peer.child.stdout }).on('line', (line) => peer._line(line))
    peer.port = Number(await peer.saw('port'))
    return peer
  }

  _line (line) {
    this.lines.push(line)
    this.waiting = this.waiting.filter((ask) => !ask())
  }

  tell (line) {
    this.child.stdin.write(line + '\n')
  }

  /** The rest of the first line that starts with this word, now or later; each is seen once. */
  saw (word, ms = 60000) {
    const find = () => {
      const at = this.lines.findIndex((line) => line === word || line.startsWith(word + ' '))
      return at < 0 ? null : this.lines.splice(at, 1)[0].slice(word.length + 1)
    }
    return within(ms, `C peer: '${word}'`, new Promise((resolve) => {
      const ask = () => {
        const rest = find()
        if (rest === null) return false
        resolve(rest)
        return true
      }
      if (!ask()) this.waiting.push(ask)
    }))
  }

  async stats () {
    this.tell('stats')
    return JSON.parse(await this.saw('stats'))
  }

  async stop () {
    this.tell('quit')
    const [code] = await within(60000, 'the end of the C peer', this.gone)
    if (code !== 0) throw new Error(`the C peer ended with ${code}`)
  }
}

/** A stream of udx-native that checks every byte it gets. */
export class JsPeer {
  constructor (UDX, id) {
    this.udx = new UDX()
    this.id = id
    this.socket = this.udx.createSocket()
    this.socket.bind(0, '127.0.0.1')
    this.got = 0
    this.messages = []
    this.error = null
    this.stream = this.udx.createStream(id)
    this.stream.on('data', (data) => this._data(data))
    this.stream.on('message', (message) => this.messages.push(message.toString()))
    this.ended = new Promise((resolve) => this.stream.on('end', resolve))
    this.stream.on('error', (error) => { this.error = error })
    this.closed = new Promise((resolve) => this.stream.on('close', resolve))
  }

  _data (data) {
    for (let i = 0; i < data.length; i++) {
      if (data[i] !== pattern(this.got + i)) throw new Error(`byte ${this.got + i} is wrong`)
    }
    this.got += data.length
  }

  get port () {
    return this.socket.address().port
  }

  connect (id, port) {
    this.stream.connect(this.socket, id, port, '127.0.0.1')
  }

  async write (length) {
    for (let at = 0; at < length; at += 65536) {
      if (!this.stream.write(patternBytes(at, Math.min(65536, length - at)))) await once(this.stream, 'drain')
    }
  }

  async stop () {
    this.stream.on('error', () => {})
    this.stream.destroy()
    await within(60000, 'the end of the JS stream', this.closed)
    await this.socket.close()
  }
}

/** Two ports that forward to each other's peers, and lose, delay, reorder and double on the way. */
export class Wire {
  static async between (portA, portB, { loss = 0, reorder = 0, duplicate = 0, delay = 0, seed = 1, pass = () => true } = {}) {
    const wire = new Wire()
    let state = seed
    wire.luck = () => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0
      return (state >>> 8) / 0x1000000
    }
    wire.lost = 0
    const [a, b] = await Promise.all([Wire.bound(), Wire.bound()])
    Object.assign(wire, { a, b, portForA: a.address().port, portForB: b.address().port })
    const forward = (out, port, from) => (data) => {
      if (!pass(from, data) || wire.luck() < loss) {
        wire.lost++
        return
      }
      const send = () => wire.a && out.send(data, port, '127.0.0.1')
      if (wire.luck() < reorder) setTimeout(send, delay + 3)
      else if (delay) setTimeout(send, delay)
      else send()
      if (wire.luck() < duplicate) setTimeout(send, delay + 2)
    }
    a.on('message', forward(b, portB, 'a'))
    b.on('message', forward(a, portA, 'b'))
    return wire
  }

  static async bound () {
    const socket = dgram.createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    socket.setRecvBufferSize(1 << 20)
    return socket
  }

  close () {
    this.a.close()
    this.b.close()
    this.a = null
  }
}
