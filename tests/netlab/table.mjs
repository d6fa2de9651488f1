// No test: a table of milliseconds from dialling to the first echo, medians, each pair beside JavaScript to JavaScript.
//   DHT_PEER=build/tests/interop/dht_peer node tests/netlab/table.mjs [runs, default 5] [pairs, a pattern]
import { finishLab, meet, MIXES, PAIRS } from './lab.mjs'

const [runs = '5', pattern = ''] = process.argv.slice(2)
const median = (times) => times.sort((a, b) => a - b)[times.length >> 1]

/** The mixes in turns, so that all see the same machine. */
async function measure (options) {
  const times = MIXES.map(() => [])
  const other = MIXES.map(() => '')
  for (let run = 0; run < Number(runs); run++) {
    for (const [i, [client, server]] of MIXES.entries()) {
      const got = await meet({ client, server, ...options })
      if (typeof got === 'number') times[i].push(got)
      else other[i] = got.split(' ').slice(-1)[0]
    }
  }
  return MIXES.map((_, i) => times[i].length ? median(times[i]) : other[i])
}

console.log(`| client to server | ${MIXES.map((mix) => mix.join(' to ')).join(' | ')} | worst of ours |`)
console.log(`|---|${'---|'.repeat(MIXES.length + 1)}`)
for (const [name, options] of Object.entries(PAIRS)) {
  if (!name.includes(pattern)) continue
  const cells = await measure(options)
  const ours = cells.slice(0, 3)
  const worst = cells.every((cell) => typeof cell === 'number') ? `${(Math.max(...ours) / cells[3]).toFixed(2)}x` : ''
  const shown = cells.map((cell) => typeof cell === 'number' ? cell.toFixed(0) : `\`${cell}\``)
  console.log(`| ${name} | ${shown.join(' | ')} | ${worst} |`)
}
await finishLab()
process.exit(0)
