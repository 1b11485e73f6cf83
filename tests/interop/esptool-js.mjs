// SPDX-License-Identifier: Apache-2.0
// esptool-js, Espressif's own flasher for browsers, against a board behind a TCP port:
//
//   node esptool-js.mjs HOST:PORT rom|stub TASK [, TASK...]
//
//   detect                             what board it is
//   write [plain] OFFSET FILE ...      each file is checked by its MD5
//   read OFFSET LENGTH FILE
//   md5 OFFSET LENGTH
//   erase OFFSET LENGTH                with the stub only
//
// Prints a line of JSON for each task. esptool-js must be where INTEROP_MODULES says.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SocketPort } from './socket-port.mjs';

// What esptool-js says to a console is for people.
console.log = console.error;

const entry = join(process.env.INTEROP_MODULES, 'esptool-js', 'lib', 'index.js');
const { ESPLoader, Transport } = await import(pathToFileURL(entry));
const [address, mode, ...list] = process.argv.slice(2);
const [host, port] = address.split(':');
// The sum of the ROM is hexadecimal text, that of the stub bytes; esptool-js takes both for bytes, and
// compares with what we hand it.
const md5 = (bytes) => {
    const sum = createHash('md5').update(bytes).digest('hex');
    return loader.IS_STUB ? sum : Buffer.from(sum).toString('hex');
};

const log = [];
const transport = new Transport(new SocketPort(host, Number(port)), false);
const loader = new ESPLoader({
    transport,
    baudrate: 115200,
    terminal: { clean() {}, writeLine: (text) => log.push(text), write: (text) => log.push(text) },
});

const ROM_BLOCK = 0x400; // what the ROM takes in one packet; esptool-js has the stub's in mind
const SLOW_READ = 0x0e; // the ROM's own way of reading, for which esptool-js has no function
const SLOW_BLOCK = 64;
const ERASE_REGION = 0xd1;

async function connect() {
    await loader.detectChip('no_reset');
    if (mode === 'stub') {
        await loader.runStub();
        if (!loader.IS_STUB) {
            throw new Error('the stub does not run');
        }
    } else {
        loader.FLASH_WRITE_SIZE = ROM_BLOCK;
        await loader.flashSpiAttach(0);
    }
}

const words = (...values) => new Uint8Array(Uint32Array.from(values).buffer);

async function slowRead(offset, length) {
    const parts = [];
    for (let at = 0; at < length; at += SLOW_BLOCK) {
        const n = Math.min(SLOW_BLOCK, length - at);
        const answer = await loader.checkCommand('read flash', SLOW_READ, words(offset + at, n), 0, SLOW_BLOCK);
        parts.push(answer.slice(0, n));
    }
    return Buffer.concat(parts);
}

const tasks = {
    async detect() {
        const id = await loader.readFlashId();
        return {
            chip: loader.chip.CHIP_NAME,
            description: await loader.chip.getChipDescription(loader),
            mac: await loader.chip.readMac(loader),
            crystal: await loader.chip.getCrystalFreq(loader),
            flash: loader.DETECTED_FLASH_SIZES[id >> 16 & 0xff],
        };
    },

    async write(...rest) {
        const compress = rest[0] !== 'plain';
        const pairs = compress ? rest : rest.slice(1);
        const fileArray = [];
        for (let i = 0; i + 1 < pairs.length; i += 2) {
            fileArray.push({ address: Number(pairs[i]), data: new Uint8Array(readFileSync(pairs[i + 1])) });
        }
        await loader.writeFlash({
            fileArray,
            flashMode: 'keep',
            flashFreq: 'keep',
            flashSize: 'keep',
            eraseAll: false,
            compress,
            calculateMD5Hash: md5,
        });
        return { files: fileArray.length, verified: log.filter((line) => line.includes('verified')).length };
    },

    async read(offset, length, file) {
        const at = Number(offset);
        const n = Number(length);
        const bytes = mode === 'stub' ? await loader.readFlash(at, n) : await slowRead(at, n);
        if (mode === 'stub') {
            await transport.read(3000); // the stub's own sum comes last
        }
        writeFileSync(file, bytes);
        return { bytes: bytes.length };
    },

    async md5(offset, length) {
        const sum = await loader.flashMd5sum(Number(offset), Number(length));
        return { md5: sum.length === 64 ? Buffer.from(sum, 'hex').toString() : sum };
    },

    async erase(offset, length) {
        await loader.checkCommand('erase', ERASE_REGION, words(Number(offset), Number(length)), 0, 0, 30000);
        return {};
    },
};

try {
    await connect();
    for (const line of list.join('\n').split('\n,\n')) {
        const [task, ...args] = line.split('\n');
        process.stdout.write(JSON.stringify(await tasks[task](...args)) + '\n');
        log.length = 0;
    }
    process.exit(0);
} catch (error) {
    process.stderr.write(`${log.join('\n')}\n${error.stack}\n`);
    process.exit(1);
}
