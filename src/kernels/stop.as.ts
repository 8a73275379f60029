/** Not 0 when nobody wants the work any more: a long kernel then traps. A call takes some nanoseconds (stop.ts). */
@external("env", "stopped")
export declare function stopped(): u32;
