// Small helpers of the interop tests. A test ends with 0, with 77 when it cannot run here, else with 1.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** Import packages by name, or end the test as skipped, with the reason. */
export async function need (...names) {
  const found = []
  for (const name of names) {
    try {
      found.push(await import(name))
    } catch (error) {
      if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error
      console.log(`skipped: npm package ${name} is missing; run npm ci in tests/interop`)
      process.exit(77)
    }
  }
  return found
}

/** The program in environment variable `name`, run to its end; its output. */
export function run (name, args, { input = '', code = 0 } = {}) {
  const done = spawnSync(process.env[name], args, { input, timeout: 60000 })
  assert.equal(done.status, code, `${name} ${args.join(' ')}: ${done.stderr}`)
  return done.stdout.toString()
}

/** A new folder that goes away when the test ends. */
export function temporaryFolder () {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'intercom-interop-'))
  process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Ask again and again until it holds: what a slow machine does late is not wrong. */
export async function until (what, probe) {
  for (const end = Date.now() + 60000; ;) {
    const value = await probe()
    if (value) return value
    assert.ok(Date.now() < end, `waited 60 s for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const checks = []

/** Register a check whose name is a sentence. */
export function check (name, body) {
  checks.push({ name, body })
}

/** Run all checks in order and end. */
export async function finish () {
  let failed = 0
  for (const { name, body } of checks) {
    try {
      await body()
      console.log(`ok      ${name}`)
    } catch (error) {
      failed++
      console.log(`FAILED  ${name}\n${error.stack}`)
    }
  }
  process.exit(failed ? 1 : 0)
}
