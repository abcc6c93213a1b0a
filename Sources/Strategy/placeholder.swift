internal import Units
