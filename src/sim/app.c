/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "sim/core.h"

/* The app: between the board and the runner. */

enum { RESTART_US = 20000, ROOM = 256 };

void sim_app_start(struct bm_sim *sim, const struct bm_part *part)
{
    const struct bm_sim_runner *runner = sim->config.runner;
    struct bm_sim_program *p = &sim->program;
    sim->state = BM_SIM_APP;
    if (runner == NULL) {
        return;
    }
    *p = (struct bm_sim_program){
        .flash = sim->config.flash,
        .table = sim->table,
        .part = part,
        .app = &sim->app,
        .chip = sim->config.chip,
        .reason = sim->reason == BM_SIM_SYSTEM ? BM_SIM_SW : sim->reason,
    };
    memcpy(p->mac, sim->config.mac, sizeof p->mac);
    const int rc = runner->start(sim->config.runner_ctx, p);
    sim->running = rc == BM_OK;
    if (rc != BM_OK) {
        sim_print(sim, "the virtual board cannot run this image: %s\r\n", bm_err_text(rc));
        sim->state = BM_SIM_HUNG;
    }
}

void sim_app_stop(struct bm_sim *sim)
{
    if (sim->running) {
        sim->running = 0;
        sim->config.runner->stop(sim->config.runner_ctx);
    }
}

static void forward(struct bm_sim *sim)
{
    const struct bm_sim_runner *runner = sim->config.runner;
    uint8_t bytes[ROOM];
    size_t n;
    while ((n = runner->output(sim->config.runner_ctx, bytes, sizeof bytes)) > 0) {
        sim_send(sim, bytes, n);
    }
}

static void ended(struct bm_sim *sim, enum bm_sim_running how)
{
    static const struct {
        enum bm_sim_running how;
        enum bm_sim_reason reason;
    } reasons[] = {{BM_SIM_RESTARTS, BM_SIM_SW},
                   {BM_SIM_PANICS, BM_SIM_PANIC},
                   {BM_SIM_STARVES, BM_SIM_TASK_WDT}};
    forward(sim); /* its last words */
    sim_app_stop(sim);
    sim->state = BM_SIM_HUNG;
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (reasons[i].how == how) {
            sim_reset_in(sim, RESTART_US, reasons[i].reason);
        }
    }
}

void sim_app_turn(struct bm_sim *sim)
{
    if (!sim->running) {
        return;
    }
    forward(sim);
    const enum bm_sim_running how = sim->config.runner->poll(sim->config.runner_ctx);
    if (how != BM_SIM_RUNS) {
        ended(sim, how);
    }
}
