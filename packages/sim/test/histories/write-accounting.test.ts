import { expect, test } from 'vitest'
import { sessionText } from '../../src/histories/committed-order.ts'
import { checkReplay } from '../../src/histories/replay.ts'
import { Service } from './service.ts'
import { Story } from './synthetic.ts'

test('C1: a session that expires while it is closed is closed; one that goes on is not', () => {
  const service = new Service()
  const session = service.openSession()
  const goesOn = [...service.log]
  service.expire(session)
  const { entries } = new Story().ok(sessionText(session), [0, 9], { type: 'close-session' })

  expect(checkReplay(entries, service.log).problems).toEqual([])
  expect(checkReplay(entries, goesOn).problems).toMatchObject([{ rule: 'C1' }])
})
