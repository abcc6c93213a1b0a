#pragma once

#include "machine.h"

/// Plays the next instruction. False at the end, of which `machine->result` tells the kind.
bool play_one(machine *machine);
