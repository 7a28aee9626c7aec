/** What Bun runs as the reference executor. */
import { serve } from "../reference.ts";

serve();
