#pragma once

// Every family of ops; a new one is added here.
