// SPDX-License-Identifier: Apache-2.0
// reader.js PAGE
'use strict';

const crypto = require('crypto');
const fs = require('fs');

const file = fs.openSync(process.argv[2], 'r+');
const text = Buffer.alloc(16384, 7);
const page = new BigInt64Array(6); // as the page begins (tests/netns/readers.h)
const [ROUNDS, SUMS, WRONG, STEPS_BACK, WALL, STEADY] = [0, 1, 2, 3, 4, 5];
const sum = () => crypto.createHash('sha256').update(text).digest('hex');
const expected = sum();

setInterval(() => {
	const steady = process.hrtime.bigint();

	if (steady < page[STEADY])
		page[STEPS_BACK]++;
	page[STEADY] = steady;
	page[WALL] = BigInt(Date.now()) * 1000000n;
	if (sum() !== expected)
		page[WRONG]++;
	page[SUMS]++;
	page[ROUNDS]++;
	fs.writeSync(file, page, 0, page.byteLength, 0);
}, 1);
