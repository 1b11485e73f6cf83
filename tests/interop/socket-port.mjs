// SPDX-License-Identifier: Apache-2.0
// A Web Serial port, as far as esptool-js asks for one, that is a TCP socket: bytes only. The lines
// go nowhere, so the board must be in download mode already.
import net from 'node:net';

export class SocketPort {
    constructor(host, port) {
        this.address = { host, port };
        this.readable = null;
        this.writable = null;
    }

    getInfo() {
        return {};
    }

    open() {
        return new Promise((resolve, reject) => {
            const socket = net.connect({ ...this.address, noDelay: true });
            socket.once('error', reject);
            socket.once('connect', () => {
                socket.off('error', reject);
                this.attach(socket);
                resolve();
            });
        });
    }

    attach(socket) {
        this.socket = socket;
        let open = true;
        this.readable = new ReadableStream({
            start(to) {
                const end = (error) => {
                    if (open) {
                        open = false;
                        error ? to.error(error) : to.close();
                    }
                };
                socket.on('data', (data) => open && to.enqueue(new Uint8Array(data)));
                socket.on('error', end);
                socket.on('close', () => end());
            },
            cancel() {
                open = false;
                socket.destroy();
            },
        });
        this.writable = new WritableStream({
            write(chunk) {
                return new Promise((resolve, reject) =>
                    socket.write(chunk, (error) => (error ? reject(error) : resolve())));
            },
        });
    }

    async setSignals() {}

    async close() {
        this.socket.destroy();
        this.readable = null;
        this.writable = null;
    }
}
