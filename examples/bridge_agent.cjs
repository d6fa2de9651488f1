// An agent in a channel, over SC-Bridge: it answers "echo WORDS" with WORDS, as examples/agent.c does in C.
//
//   npm install ws
//   TOKEN=... node bridge_agent.cjs ws://127.0.0.1:49222 CHANNEL
const WebSocket = require('ws')

const [url, channel] = process.argv.slice(2)
if (!channel) {
  console.error('usage: TOKEN=... node bridge_agent.cjs URL CHANNEL')
  process.exit(2)
}

const socket = new WebSocket(url)
const send = (message) => socket.send(JSON.stringify(message))
let self

socket.on('message', (data) => {
  const message = JSON.parse(data)
  switch (message.type) {
    case 'hello':
      self = message.peer
      send({ type: 'auth', token: process.env.TOKEN })
      break
    case 'auth_ok':
      send({ type: 'join', channel })
      send({ type: 'subscribe', channel })
      break
    case 'subscribed':
      console.log(`listening on ${channel}`)
      break
    case 'sidechannel_message': {
      const asked = typeof message.message === 'string' && /^echo (.*)$/s.exec(message.message)
      if (asked && message.from !== self) send({ type: 'send', channel, message: asked[1] })
      break
    }
    case 'error':
      console.error(message.error)
  }
})
socket.on('error', (error) => {
  console.error(`${url}: ${error.message}`)
  process.exitCode = 1
})
process.on('SIGINT', () => socket.close())
